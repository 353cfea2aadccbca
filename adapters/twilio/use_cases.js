// @ts-check
// The words by which Voice Integrity knows what calls are for.
// They are Twilio's, copied from the guide for its `voice_integrity_information`; any other word is refused there.

const USE_CASES = [
  "Identify & Verification",
  "Asset Management",
  "Lead Generation",
  "Intelligent Routing",
  "Appointment Scheduling",
  "Customer Support",
  "Self-Service",
  "Automated Support",
  "Appointment Reminders",
  "Employee Notifications",
  "Delivery Notifications",
  "Emergency Notifications",
  "Contactless Delivery",
  "Order Notifications",
  "Service Alerts",
  "Purchase Confirmation",
  "Mass Alerts",
  "Fraud Alerts",
  "Contact Tracing",
  "Lead Management",
  "Lead Nurturing",
  "Telemarketing",
  "Marketing Events",
  "Rewards Program",
  "Lead Alerts",
  "Lead Distribution",
  "Abandoned Cart",
  "Call Tracking",
  "Outbound Dialer",
  "Click to Call",
  "Phone System",
  "Meetings/Collaboration",
  "Telehealth",
  "Distance Learning",
  "Shift Management",
  "Field Notifications",
  "Dating/Social",
  "Remote appointments",
  "Group Messaging",
  "Exam Proctoring",
  "Tutoring",
  "Therapy (Individual+Group)",
  "Pharmacy",
  "First Responder",
  "Survey/Research",
];

const plain = (text) => text.toLowerCase().replace(/[^a-z]/g, "");

/**
 * Twilio's word for what is said of the calls: the first of the texts that is one of its words, whatever the case and
 * the signs between. Nothing is guessed, because what is filed is a statement of the business.
 * @param {(string | null)[]} said
 */
export function useCaseOf(said) {
  for (const text of said) {
    const word = USE_CASES.find((word) => text !== null && plain(word) === plain(text));
    if (word) return word;
  }
  return null;
}
