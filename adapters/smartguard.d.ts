// What a script for SmartGuard may import, and what it exports.
// Generated from wit/0.0.1/adapter.wit; `smartguard adapter types` prints it. Do not change it by hand.

/** Writes to the adapter's log. */
interface Console {
  debug(...values: unknown[]): void;
  log(...values: unknown[]): void;
  info(...values: unknown[]): void;
  warn(...values: unknown[]): void;
  error(...values: unknown[]): void;
}
declare var console: Console;

/** The words that every world shares. */
declare module "smartguard:adapter/types@0.0.1" {
  /**
   * What an agency makes of a number, on the canonical scale.
   * The order is from best to worst, but `unknown` is neither: a failed or empty look-up is `unknown`, never `unflagged`.
   */
  export type Status = "unflagged" | "unknown" | "mixed-low" | "mixed-high" | "flagged" | "blocked";
  /** The agency's own figure, kept beside the canonical status. */
  export interface Score {
    value: number;
    /** The best value on the agency's scale. */
    best: number;
    /** The worst value on the agency's scale. */
    worst: number;
  }
  /** One source's answer about one number at one time. */
  export interface Observation {
    number: string;
    /** Whose opinion this is. One answer may speak for several agencies. */
    agency: string;
    /** Set when the opinion holds for the subscribers of one carrier only. */
    carrier: string | null;
    status: Status;
    /** The agency's own words, as a callee would see them where that is known. */
    label: string | null;
    score: Score | null;
    /** When the agency formed the opinion, or when it was asked if it does not say. */
    observedAt: number;
    costMicros: number;
  }
  /**
   * A long-running function is not done: call it again with this token.
   * A call with a token may come twice with the same one, because the first answer was lost; it must do nothing twice.
   */
  export interface Pending {
    token: string;
    askAgainS: number;
  }
  /** Whether the business uses the numbers itself, or calls for a client. */
  export type Relation = "itself" | "client";
  export interface Address {
    line1: string;
    line2: string | null;
    city: string;
    /** Two-letter postal code of the state. */
    state: string;
    zip: string;
    country: string;
  }
  export interface Contact {
    name: string;
    /** The position in the business, for example `Office manager`. */
    title: string | null;
    email: string;
    phone: string;
  }
  /** In which form a business was founded. */
  export type LegalForm = "corporation" | "llc" | "partnership" | "nonprofit" | "government" | "sole-proprietor" | "other";
  /**
   * The legal caller in whose name a filing is made. Every field is a statement of fact; what the business has not
   * said of itself is none, and an adapter that needs it refuses and names the field.
   */
  export interface Business {
    id: string;
    legalName: string;
    dba: string | null;
    relation: Relation;
    ein: string | null;
    address: Address;
    website: string | null;
    contact: Contact;
    /** The kind of calls, in the business's own words, for example `Appointment reminders`. */
    useCase: string;
    category: string | null;
    callsPerMonth: number;
    /** The carriers or platforms that originate the calls, for example `Twilio`. */
    originatingProviders: string[];
    /** The name that callees shall see, as it is registered with the carriers: at most 15 letters. */
    cnam: string | null;
    /** The D-U-N-S number, nine digits. */
    duns: string | null;
    employees: number | null;
    legalForm: LegalForm | null;
    /** The state under whose law it was formed, for example `OH`. */
    incorporatedIn: string | null;
    /** The line of business in its own words, for example `Health care`. */
    industry: string | null;
  }
  /** One field of a form that a person submits. */
  export interface PacketField {
    /** The form's own element id, empty where the form has none. */
    id: string;
    label: string;
    value: string;
    required: boolean;
    /** True when only a person can fill it: a mailed code, a tick of attestation, a human check. */
    byPerson: boolean;
    note: string | null;
  }
  export interface Table {
    columns: string[];
    rows: string[][];
  }
  /** The host renders a table as a spreadsheet (`.xlsx`) and stores text as it is. */
  export type FileContent =
    | { tag: "text"; val: string }
    | { tag: "table"; val: Table };
  export interface PacketFile {
    name: string;
    content: FileContent;
  }
  export interface Email {
    to: string;
    subject: string;
    body: string;
  }
  /** Everything a person needs to file something by hand. */
  export interface Packet {
    title: string;
    /** The page where the form is, or none when no address is known. */
    url: string | null;
    /** What the person does, in order. */
    steps: string[];
    fields: PacketField[];
    files: PacketFile[];
    email: Email | null;
    /** What the person should write down when it is done, for example `feedback_id`. */
    tracking: string[];
    /** Days in which the agency is expected to acknowledge and to act. */
    acknowledgedInDays: number;
    effectiveInDays: number;
    /** Where this contract is known from: `official`, `secondary` or `unknown`. */
    confidence: string;
  }
  /** Why a function gave no answer. */
  export type Error =
    /** Asked too often; try again after so many seconds. */
    | { tag: "retry-after"; val: number }
    /** The agency understood and refuses, with its reason. */
    | { tag: "rejected"; val: string }
    /** The credentials are missing or not accepted. */
    | { tag: "unauthorized"; val: string }
    /** The agency cannot be reached or has a fault of its own; retrying later makes sense. */
    | { tag: "unavailable"; val: string }
    /** Only a person can do this: here is the packet. */
    | { tag: "needs-person"; val: Packet }
    /** The answer does not fit the contract. */
    | { tag: "protocol"; val: string }
    /** The adapter itself broke. */
    | { tag: "internal"; val: string }
    /** This adapter cannot do this, or may not for this business; with the reason. */
    | { tag: "unsupported"; val: string };
  export type FilingStatus = "submitted" | "in-review" | "accepted" | "refused";
  /** A number that an agency took out of a filing, and why. */
  export interface RefusedNumber {
    number: string;
    reason: string;
  }
  /** A filing as the agency knows it. */
  export interface Filing {
    reference: string | null;
    status: FilingStatus;
    detail: string | null;
    /** Of several numbers those that were not taken, while the others were. */
    refused: RefusedNumber[];
  }
  export type FilingAnswer =
    | { tag: "filed"; val: Filing }
    | { tag: "pending"; val: Pending };
  /**
   * What became of a filing that was sent under a key.
   * `absent` counts only after the settling time that the manifest names.
   */
  export type TrackAnswer =
    | { tag: "found"; val: Filing }
    | { tag: "absent"; val?: undefined }
    | { tag: "unknown"; val?: undefined };
  /** What one harmless question showed: that the keys are accepted, and that the answer has the shape it is known to have. */
  export interface Probed {
    /** What was found, for people: `account ACME is active`. Never a secret. */
    found: string;
    costMicros: number;
  }
  export interface Description {
    /** The same id as in `adapter.toml`. */
    id: string;
    /** The adapter's own version, for people. */
    version: string;
    /** The functions that do something here; the others answer `unsupported`. */
    functions: string[];
    /** The agencies whose opinion `check` reports; empty for other kinds of adapters. */
    speaksFor: string[];
  }
}

/** Requests to the origins that the manifest names and the operator granted. */
declare module "smartguard:adapter/http@0.0.1" {
  export type Method = "get" | "post" | "put" | "patch" | "delete";
  export interface Request {
    method: Method;
    /** The name of an origin in `adapter.toml`, for example `api`. Where it leads is the host's business. */
    origin: string;
    /** The path, beginning with `/`. */
    path: string;
    /** Encoded by the host. */
    query: [string, string][];
    /**
     * A value may hold `{{secret:NAME}}`: the host fills it in for the origins that the secret is bound to.
     * `{{basic:NAME:OTHER}}` becomes what HTTP's Basic scheme makes of two of them. So in path, query and body.
     */
    headers: [string, string][];
    body: string | null;
  }
  export interface Response {
    status: number;
    headers: [string, string][];
    /** Decoded as UTF-8; what does not decode becomes U+FFFD. */
    body: string;
  }
  export type HttpError =
    /** Not asked for, not granted, or not allowed: with what was refused and why. */
    | { tag: "denied"; val: string }
    /** The secret of this name is not configured. */
    | { tag: "secret-missing"; val: string }
    | { tag: "timed-out"; val?: undefined }
    | { tag: "too-large"; val: number }
    /** The adapter's own rate is used up; try again after so many seconds. */
    | { tag: "rate-limited"; val: number }
    | { tag: "unreachable"; val: string };
  /** @throws {Error & { payload: HttpError }} */
  export function fetch(request: Request): Response;
  const offered: {
    fetch: typeof fetch;
  };
  export { offered as default };
}

declare module "smartguard:adapter/log@0.0.1" {
  export type Level = "debug" | "info" | "warn" | "error";
  export function write(level: Level, message: string): void;
  const offered: {
    write: typeof write;
  };
  export { offered as default };
}

declare module "smartguard:adapter/clock@0.0.1" {
  /** Milliseconds since 1970-01-01 UTC. */
  export function nowMs(): number;
  const offered: {
    nowMs: typeof nowMs;
  };
  export { offered as default };
}

declare module "smartguard:adapter/random@0.0.1" {
  /** At least 0, less than 1; never the same sequence twice. */
  export function uniform(): number;
  const offered: {
    uniform: typeof uniform;
  };
  export { offered as default };
}

declare module "smartguard:adapter/config@0.0.1" {
  /** A setting from `[config]` of the manifest, as the operator's configuration overrides it. */
  export function get(key: string): string | null;
  const offered: {
    get: typeof get;
  };
  export { offered as default };
}

/** Published data sets that the host fetches, keeps with their history and indexes. */
declare module "smartguard:adapter/files@0.0.1" {
  export interface DayCount {
    /** Days since 1970-01-01. */
    day: number;
    rows: number;
  }
  export interface Hits {
    key: string;
    /** Ascending by day; days without a row are left out. */
    days: DayCount[];
  }
  /** Which days the index covers. */
  export interface Coverage {
    firstDay: number;
    lastDay: number;
    files: number;
    /** Expected files that could not be had. */
    missing: number;
  }
  export interface Found {
    coverage: Coverage;
    /** One for each key, in the order asked; an unknown key has no days. */
    hits: Hits[];
  }
  export type FilesError =
    | { tag: "denied"; val: string }
    /** Nothing has been fetched yet; try again after so many seconds. */
    | { tag: "not-ready"; val: number };
  /** @throws {Error & { payload: FilesError }} */
  export function lookup(dataset: string, keys: string[]): Found;
  const offered: {
    lookup: typeof lookup;
  };
  export { offered as default };
}

/** What an agency's adapter exports. */
declare module "smartguard:adapter/agency@0.0.1" {
  export type Observation = import("smartguard:adapter/types@0.0.1").Observation;
  export type Pending = import("smartguard:adapter/types@0.0.1").Pending;
  export type Business = import("smartguard:adapter/types@0.0.1").Business;
  export type Error = import("smartguard:adapter/types@0.0.1").Error;
  export type FilingAnswer = import("smartguard:adapter/types@0.0.1").FilingAnswer;
  export type TrackAnswer = import("smartguard:adapter/types@0.0.1").TrackAnswer;
  export type Description = import("smartguard:adapter/types@0.0.1").Description;
  export type Status = import("smartguard:adapter/types@0.0.1").Status;
  export type Filing = import("smartguard:adapter/types@0.0.1").Filing;
  export type Probed = import("smartguard:adapter/types@0.0.1").Probed;
  export interface CheckRequest {
    numbers: string[];
    /** The name that a number is registered to show, for those whose business has one. */
    cnams: [string, string][];
    token: string | null;
  }
  export type CheckAnswer =
    /** A number that is missing here counts as `unknown`. */
    | { tag: "observations"; val: Observation[] }
    | { tag: "pending"; val: Pending };
  export interface RegisterRequest {
    /** The same key for the same filing, however often it is sent. */
    key: string;
    business: Business;
    numbers: string[];
    token: string | null;
  }
  export interface DisputeRequest {
    key: string;
    business: Business;
    number: string;
    agency: string;
    carrier: string | null;
    label: string | null;
    status: Status;
    /** True statements that support the dispute, ready to be quoted. */
    statement: string;
    token: string | null;
  }
  export interface InboundRequest {
    headers: [string, string][];
    body: string;
  }
  export interface FilingUpdate {
    key: string;
    filing: Filing;
  }
  export interface InboundAnswer {
    observations: Observation[];
    filings: FilingUpdate[];
  }
  export interface OwnCall {
    /** The number shown. Never the callee. */
    number: string;
    startedAt: number;
  }
  export interface Agency {
    describe(): Description;
    /** @throws {Error} */
    check?(request: CheckRequest): CheckAnswer;
    /** @throws {Error} */
    register?(request: RegisterRequest): FilingAnswer;
    /** @throws {Error} */
    dispute?(request: DisputeRequest): FilingAnswer;
    /** @throws {Error} */
    track?(key: string): TrackAnswer;
    /** @throws {Error} */
    inbound?(request: InboundRequest): InboundAnswer;
    /** @throws {Error} */
    callStarted?(call: OwnCall): void;
    /**
     * Asks one harmless question: nothing is filed, bought or told by it.
     * @throws {Error}
     */
    probe?(): Probed;
  }
}

/** What the adapter of a carrier that we get numbers from exports. */
declare module "smartguard:adapter/provider@0.0.1" {
  export type Error = import("smartguard:adapter/types@0.0.1").Error;
  export type Description = import("smartguard:adapter/types@0.0.1").Description;
  export type Pending = import("smartguard:adapter/types@0.0.1").Pending;
  export type Probed = import("smartguard:adapter/types@0.0.1").Probed;
  export interface SearchRequest {
    areaCode: string;
    count: number;
  }
  export interface Offer {
    number: string;
    monthlyMicros: number;
  }
  export interface HeldNumber {
    number: string;
    acquiredAt: number | null;
    /** Where an inbound call to it goes, if anywhere: the proof of a call-back route. */
    inboundRoute: string | null;
  }
  export interface Page {
    numbers: HeldNumber[];
    next: string | null;
  }
  export type AcquireAnswer =
    | { tag: "acquired"; val: HeldNumber }
    | { tag: "pending"; val: Pending };
  export interface Provider {
    describe(): Description;
    /** @throws {Error} */
    search?(request: SearchRequest): Offer[];
    /** @throws {Error} */
    acquire?(key: string, number: string): AcquireAnswer;
    /** @throws {Error} */
    release?(key: string, number: string): void;
    /** @throws {Error} */
    listNumbers?(page: string | null): Page;
    /**
     * As `probe` of an agency.
     * @throws {Error}
     */
    probe?(): Probed;
  }
}

/** Which carrier serves a callee. The only kind of adapter that may see callees' numbers. */
declare module "smartguard:adapter/carrier-lookup@0.0.1" {
  export type Error = import("smartguard:adapter/types@0.0.1").Error;
  export type Description = import("smartguard:adapter/types@0.0.1").Description;
  export type Pending = import("smartguard:adapter/types@0.0.1").Pending;
  export type Probed = import("smartguard:adapter/types@0.0.1").Probed;
  export interface ServedBy {
    number: string;
    carrier: string | null;
    lineType: string | null;
    costMicros: number;
  }
  export type LookupAnswer =
    | { tag: "served"; val: ServedBy[] }
    | { tag: "pending"; val: Pending };
  export interface CarrierLookup {
    describe(): Description;
    /**
     * What looking up so many callees would cost, before any money is spent.
     * @throws {Error}
     */
    priceMicros?(count: number): number;
    /**
     * As `probe` of an agency. It asks about no callee.
     * @throws {Error}
     */
    probe?(): Probed;
    /**
     * Stands last, because bindings in Rust cannot have another function after one of this name.
     * @throws {Error}
     */
    lookup?(numbers: string[], token: string | null): LookupAnswer;
  }
}

/** Orders candidates that the policy has already permitted. It can permit nothing more. */
declare module "smartguard:adapter/ranker@0.0.1" {
  export type Status = import("smartguard:adapter/types@0.0.1").Status;
  export type Error = import("smartguard:adapter/types@0.0.1").Error;
  export type Description = import("smartguard:adapter/types@0.0.1").Description;
  export interface Candidate {
    number: string;
    standing: Status;
    /** `group`, `state`, `zone` or `none`. */
    locality: string;
    shownToday: number;
    shownLastHour: number;
    engaged: number;
    attempts: number;
    turnLeft: number;
  }
  export interface Call {
    owner: string;
    campaign: string | null;
    calleeAreaCode: string;
    calleeCarrier: string | null;
    attempt: number;
    atMs: number;
  }
  export interface RankRequest {
    call: Call;
    /** In the host's own order, which holds when no ranking comes in time. */
    candidates: Candidate[];
  }
  export interface Ranking {
    /** Indices into `candidates`, best first; those left out come last in the host's own order. */
    order: number[];
    /** Why, in a few words, for the receipt. */
    reason: string;
  }
  export interface Ranker {
    describe(): Description;
    /** @throws {Error} */
    rank?(request: RankRequest): Ranking;
  }
}
