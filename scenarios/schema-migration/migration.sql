-- What a release does: it alters a table that dashboards read, and creates one. The default privileges of `postgres` give
-- `delphi_readers` SELECT on the new table.
ALTER TABLE alerts ADD COLUMN acknowledged boolean NOT NULL DEFAULT false;
CREATE TABLE alert_rules (
    id    integer PRIMARY KEY,
    level smallint NOT NULL,
    query text NOT NULL
);
