-- What the dashboard reads. The document names no table; these stand for its own.
CREATE TABLE agents (
    id        serial PRIMARY KEY,
    name      text NOT NULL UNIQUE,
    last_seen timestamptz
);
CREATE TABLE alerts (
    id        bigserial PRIMARY KEY,
    agent_id  integer NOT NULL REFERENCES agents (id),
    level     smallint NOT NULL,
    raised_at timestamptz NOT NULL DEFAULT now(),
    body      jsonb NOT NULL
);
CREATE VIEW open_alerts AS SELECT * FROM alerts WHERE level >= 7;
