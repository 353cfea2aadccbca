// @ts-check
// Which of the carriers that labels are kept for stands behind a carrier's name.
// Twilio's names are those of the numbering industry: companies, regions and former owners, spelled in many ways.

// The order matters: `Sprint Spectrum` is T-Mobile and no cable company.
const OURS = [
  ["att", /\bAT ?& ?T\b|\bATT\b|\bCricket\b|\bCingular\b|\bFirstNet\b/i],
  ["tmobile", /\bT-?Mobile\b|\bMetro ?PCS\b|\bMetro by\b|\bSprint\b|\bTing\b|\bOmnipoint\b|\bVoiceStream\b/i],
  ["verizon", /\bVerizon\b|\bCellco\b/i],
  ["uscellular", /\bU\.? ?S\.? ?Cellular\b|\bUnited States Cellular\b|\bUSCC\b/i],
  ["cspire", /\bC ?Spire\b|\bCellular South\b/i],
  ["spectrum", /\bSpectrum\b|\bCharter\b|\bTime Warner Cable\b|\bBright ?house\b/i],
  ["windstream", /\bWindstream\b|\bKinetic\b/i],
];

// Names of carriers that are certainly none of the above. What stands neither here nor there may still be one of them
// under a name that nobody has told us, and is no statement.
const OTHERS =
  /\bTwilio\b|\bBandwidth\b|\bLevel 3\b|\bLumen\b|\bCenturyLink\b|\bQwest\b|\bFrontier\b|\bComcast\b|\bCox\b|\bOnvoy\b|\bInteliquent\b|\bSinch\b|\bTelnyx\b|\bPeerless\b|\bVonage\b|\bRingCentral\b|\bGoogle\b|\bAltice\b|\bCablevision\b|\bMediacom\b|\bConsolidated Communications\b|\bTDS\b|\bCellcom\b|\bAppalachian Wireless\b|\bGCI\b|\bHawaiian Telcom\b|\bCincinnati Bell\b|\bPlivo\b|\b8x8\b/i;

/** The carrier's word, `other`, or null where the name says nothing to us. @param {string | null} name */
export function carrierOf(name) {
  if (name === null) return null;
  const ours = OURS.find(([, known]) => /** @type {RegExp} */ (known).test(name));
  if (ours) return /** @type {string} */ (ours[0]);
  return OTHERS.test(name) ? "other" : null;
}
