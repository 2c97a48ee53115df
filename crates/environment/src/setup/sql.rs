use std::time::Duration;

use leaseproof_domain::{Redactor, Secret, ServerNote};
use leaseproof_postgres::{Error, Login, Session};
use leaseproof_scenario::SetupAction;

use super::{Done, NotDone, Refusal, filled};
use crate::placeholders::Placeholders;
use crate::servers::cluster::Cluster;
use crate::statements::split;

/// How long one statement of a setup may take.
pub(crate) const STATEMENT: Duration = Duration::from_secs(300);

/// Does a step of SQL, as its account or as the `superuser` of its cluster.
pub(crate) async fn run(
    action: &SetupAction,
    superuser: impl Fn(&str) -> Option<Login>,
    placeholders: &Placeholders,
    redactor: &Redactor,
) -> Done {
    let SetupAction::Sql { file, text, on, database, user, password } = action else {
        return Err(NotDone::Unsendable("it is not SQL".to_owned()));
    };
    let text = filled(text, placeholders)?;
    let Some(superuser) = superuser(on) else {
        return Err(NotDone::Unsendable(format!("this environment has no cluster postgres.{on}")));
    };
    let login = Login { database: database.clone(), ..superuser };
    let login = match user {
        Some(user) => {
            let password = password.as_ref().map(|password| Secret::new(password.expose()));
            Login { user: user.clone(), password, ..login }
        }
        None => login,
    };
    run_as(&login, file.as_deref(), &text, redactor).await
}

/// How a cluster's bootstrap superuser logs in to its primary.
pub(crate) fn superuser(cluster: &Cluster) -> Login {
    let password = Some(cluster.password.clone());
    cluster.login("postgres", &cluster.superuser, password, "leaseproof setup", STATEMENT)
}

/// Runs SQL statement by statement on one session, as psql does, up to the first error.
async fn run_as(login: &Login, file: Option<&str>, text: &str, redactor: &Redactor) -> Done {
    let session = Session::open(login).await.map_err(|why| NotDone::refused(why.outcome()))?;
    let mut notes = Vec::new();
    for (place, statement) in split(text) {
        let done = session.script(statement).await;
        notes.extend(noted(&session, file, text, (statement, place)));
        if let Err(why) = done {
            return Err(refused(&why, file, text, (statement, place), notes, redactor));
        }
    }
    session.close().await;
    Ok(notes)
}

/// What PostgreSQL said to a statement that begins at that byte of the text.
pub(crate) fn noted(
    session: &Session,
    file: Option<&str>,
    text: &str,
    (statement, place): (&str, usize),
) -> Vec<ServerNote> {
    let place = line(file, text, place + first_line(statement));
    session.take_notes().into_iter().map(|note| ServerNote { place: Some(place.clone()), ..note }).collect()
}

/// `file:line:column` of a byte of the script.
fn line(file: Option<&str>, text: &str, at: usize) -> String {
    let begin = text[..at].rfind('\n').map_or(0, |end| end + 1);
    let (number, column) = (text[..begin].matches('\n').count() + 1, text[begin..at].chars().count() + 1);
    format!("{}:{number}:{column}", file.unwrap_or("statement"))
}

/// What PostgreSQL said of a statement that begins at that byte of the text.
pub(crate) fn refused(
    why: &Error,
    file: Option<&str>,
    text: &str,
    (statement, place): (&str, usize),
    notes: Vec<ServerNote>,
    redactor: &Redactor,
) -> NotDone {
    let place = Some(shown(file, text, place + offset(statement, why), redactor));
    NotDone::Refused(Refusal { outcome: why.outcome(), place, notes })
}

/// Where in the statement the error is, in bytes: PostgreSQL counts characters from 1. Where it does not say, the
/// statement's first line that is no comment.
fn offset(statement: &str, why: &Error) -> usize {
    if let Error::Answer { position: Some(position), .. } = why {
        let characters = (*position as usize).saturating_sub(1);
        return statement.char_indices().nth(characters).map_or(0, |(at, _)| at);
    }
    first_line(statement)
}

/// Where the statement's first line begins that is no comment.
fn first_line(statement: &str) -> usize {
    let mut at = 0;
    for line in statement.split_inclusive('\n') {
        let text = line.trim_start();
        if !text.is_empty() && !text.starts_with("--") {
            return at + (line.len() - text.len());
        }
        at += line.len();
    }
    0
}

/// The line of the script at that byte, with a caret under it; without one where a secret was taken out of the line.
fn shown(file: Option<&str>, text: &str, at: usize, redactor: &Redactor) -> String {
    let begin = text[..at].rfind('\n').map_or(0, |end| end + 1);
    let line = redactor.scrub(text[begin..].lines().next().unwrap_or_default());
    let place = self::line(file, text, at);
    let number = text[..begin].matches('\n').count() + 1;
    let column = text[begin..at].chars().count();
    let margin = " ".repeat(number.to_string().len());
    let caret = if line.found { String::new() } else { format!("\n{margin} | {}^", " ".repeat(column)) };
    format!("{margin}--> {place}\n{number} | {}{caret}", line.text)
}

#[cfg(test)]
mod tests {
    use leaseproof_domain::Redactor;
    use leaseproof_postgres::Error;

    use super::{offset, shown};

    #[test]
    fn the_users_own_line_is_shown_with_a_caret() {
        let text = "SELECT 1;\n-- ü\nCREATE TABEL domains (id int);\n";
        let statement = &text[10..];
        let why = Error::Answer {
            sqlstate: "42601".to_owned(),
            message: "syntax error at or near \"TABEL\"".to_owned(),
            position: Some(13),
        };
        insta::assert_snapshot!(shown(Some("schema.sql"), text, 10 + offset(statement, &why), &Redactor::new()), @r"
         --> schema.sql:3:8
        3 | CREATE TABEL domains (id int);
          |        ^
        ");
        let why = Error::NoAnswer { why: "gone".to_owned() };
        assert!(shown(None, text, 10 + offset(statement, &why), &Redactor::new()).starts_with(" --> statement:3:1\n"));
    }
}
