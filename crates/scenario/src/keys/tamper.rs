//! Keys of the tampering proxy before Vault.

use crate::plan::TamperKind;
use crate::shape::{Is, Shape, key};

pub(super) static TAMPER: Shape = Shape {
    name: "[[tamper]]",
    says: "A tampering proxy between the credentials' client and Vault changes some requests or responses: for sabotaged environments, whose runs must fail. If several entries match a request, the first one applies.",
    keys: &[
        key("kind", Is::Word(&TamperKind::NAMES), "What the proxy does.").needed(),
        key("share", Is::Share, "The share of the requests that it changes, 0 to 1. Default 1."),
        key(
            "to",
            Is::Texts(&Is::Word(&["issue", "renew", "revoke", "other"])),
            "The requests that it changes. Default: all that the kind supports.",
        ),
        key("role", Is::Text, "The promised role that it applies to. Default: any."),
        key("delay", Is::Span, "The delay of `async-revokes`, `answer-late` (2s) and `revoke-early` (1s)."),
    ],
};
