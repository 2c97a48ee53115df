//! Keys of the impostor before Vault.

use crate::plan::LieKind;
use crate::shape::{Is, Shape, key};

pub(super) static LIE: Shape = Shape {
    name: "[[lie]]",
    says: "An impostor stands between the credentials' client and Vault and does not always tell the truth: for sabotaged estates, which have to fail. Of several lies the first that fits a request is told.",
    keys: &[
        key("kind", Is::Word(&LieKind::NAMES), "What it does.").needed(),
        key("share", Is::Share, "Share of the requests that it is done to, 0 to 1. Default 1."),
        key(
            "to",
            Is::Texts(&Is::Word(&["issue", "renew", "revoke", "other"])),
            "The requests that it is done to. Default: all that the kind can be told to.",
        ),
        key("role", Is::Text, "The promised role that it concerns. Default: any."),
        key("delay", Is::Span, "How long `async-revokes`, `answer-late` (2s) and `revoke-early` (1s) wait."),
    ],
};
