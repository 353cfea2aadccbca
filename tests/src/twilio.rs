//! Twilio as its own specification describes it: the requests that it takes, told by Prism and by a proxy that knows more,
//! and a Twilio that remembers what was made, for what takes several steps.

pub mod account;
pub mod contract;
pub mod prism;
pub mod proxy;

pub use account::Account;
pub use contract::Contract;
pub use prism::Prism;
pub use proxy::Proxy;
