// @ts-check
// How Telnyx is called in errors, and where its key comes from.

export const WHO = "Telnyx";
export const KEY_FROM = "API keys are made in the Telnyx portal, under Account Settings, Keys & Credentials";
