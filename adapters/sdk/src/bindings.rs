//! The worlds of `wit/`, as wit-bindgen makes them. The other modules say the same in words that are easier to use.

/// Agencies, and the types and imports that every kind shares.
pub mod agency {
    wit_bindgen::generate!({
        path: "../../wit/0.0.1",
        world: "agency-adapter",
        pub_export_macro: true,
        additional_derives: [PartialEq],
        generate_all,
    });
}

/// One world more, which takes its shared parts from the first.
macro_rules! world {
    ($name:ident, $world:literal, $shared:tt) => {
        pub mod $name {
            wit_bindgen::generate!({
                path: "../../wit/0.0.1",
                world: $world,
                pub_export_macro: true,
                additional_derives: [PartialEq],
                with: $shared,
            });
        }
    };
}
world!(
    provider,
    "provider-adapter",
    {
        "smartguard:adapter/types@0.0.1": super::agency::smartguard::adapter::types,
        "smartguard:adapter/http@0.0.1": super::agency::smartguard::adapter::http,
        "smartguard:adapter/log@0.0.1": super::agency::smartguard::adapter::log,
        "smartguard:adapter/clock@0.0.1": super::agency::smartguard::adapter::clock,
        "smartguard:adapter/random@0.0.1": super::agency::smartguard::adapter::random,
        "smartguard:adapter/config@0.0.1": super::agency::smartguard::adapter::config,
    }
);
world!(
    carrier_lookup,
    "carrier-lookup-adapter",
    {
        "smartguard:adapter/types@0.0.1": super::agency::smartguard::adapter::types,
        "smartguard:adapter/http@0.0.1": super::agency::smartguard::adapter::http,
        "smartguard:adapter/log@0.0.1": super::agency::smartguard::adapter::log,
        "smartguard:adapter/clock@0.0.1": super::agency::smartguard::adapter::clock,
        "smartguard:adapter/random@0.0.1": super::agency::smartguard::adapter::random,
        "smartguard:adapter/config@0.0.1": super::agency::smartguard::adapter::config,
        "smartguard:adapter/files@0.0.1": super::agency::smartguard::adapter::files,
    }
);
world!(
    ranker,
    "ranker-adapter",
    {
        "smartguard:adapter/types@0.0.1": super::agency::smartguard::adapter::types,
        "smartguard:adapter/log@0.0.1": super::agency::smartguard::adapter::log,
        "smartguard:adapter/random@0.0.1": super::agency::smartguard::adapter::random,
    }
);
