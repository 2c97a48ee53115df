-- The tables that PowerDNS's gpgsql backend reads and writes: seven tables, six sequences (supermasters has none).

CREATE TABLE domains (
    id              serial PRIMARY KEY,
    name            varchar(255) NOT NULL CHECK (name = lower(name)),
    master          varchar(128),
    last_check      integer,
    type            text NOT NULL,
    notified_serial bigint,
    account         varchar(40),
    options         text,
    catalog         text
);
CREATE UNIQUE INDEX domains_by_name ON domains (name);
CREATE INDEX domains_by_catalog ON domains (catalog);

CREATE TABLE records (
    id        bigserial PRIMARY KEY,
    domain_id integer REFERENCES domains (id) ON DELETE CASCADE,
    name      varchar(255) CHECK (name = lower(name)),
    type      varchar(10),
    content   varchar(65535),
    ttl       integer,
    prio      integer,
    disabled  boolean DEFAULT false,
    ordername varchar(255),
    auth      boolean DEFAULT true
);
CREATE INDEX records_by_name_type ON records (name, type);
CREATE INDEX records_by_domain ON records (domain_id);
CREATE INDEX records_in_order ON records (domain_id, ordername text_pattern_ops);

CREATE TABLE supermasters (
    ip         inet NOT NULL,
    nameserver varchar(255) NOT NULL,
    account    varchar(40) NOT NULL,
    PRIMARY KEY (ip, nameserver)
);

CREATE TABLE comments (
    id          serial PRIMARY KEY,
    domain_id   integer NOT NULL REFERENCES domains (id) ON DELETE CASCADE,
    name        varchar(255) NOT NULL CHECK (name = lower(name)),
    type        varchar(10) NOT NULL,
    modified_at integer NOT NULL,
    account     varchar(40),
    comment     varchar(65535) NOT NULL
);
CREATE INDEX comments_by_name_type ON comments (name, type);
CREATE INDEX comments_in_order ON comments (domain_id, modified_at);

CREATE TABLE domainmetadata (
    id        serial PRIMARY KEY,
    domain_id integer REFERENCES domains (id) ON DELETE CASCADE,
    kind      varchar(32),
    content   text
);
CREATE INDEX domainmetadata_by_domain ON domainmetadata (domain_id);

CREATE TABLE cryptokeys (
    id        serial PRIMARY KEY,
    domain_id integer REFERENCES domains (id) ON DELETE CASCADE,
    flags     integer NOT NULL,
    active    boolean,
    published boolean DEFAULT true,
    content   text
);
CREATE INDEX cryptokeys_by_domain ON cryptokeys (domain_id);

CREATE TABLE tsigkeys (
    id        serial PRIMARY KEY,
    name      varchar(255) CHECK (name = lower(name)),
    algorithm varchar(50),
    secret    varchar(255)
);
CREATE UNIQUE INDEX tsigkeys_by_name ON tsigkeys (name, algorithm);
