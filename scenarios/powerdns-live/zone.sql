-- A zone that PowerDNS answers for.

INSERT INTO domains (name, type) VALUES ('example.test', 'NATIVE');

INSERT INTO records (domain_id, name, type, content, ttl)
SELECT id, record.name, record.type, record.content, 3600
FROM domains, (VALUES
    ('example.test',     'SOA', 'ns1.example.test hostmaster.example.test 1 10800 3600 604800 3600'),
    ('example.test',     'NS',  'ns1.example.test'),
    ('ns1.example.test', 'A',   '192.0.2.53'),
    ('www.example.test', 'A',   '192.0.2.80')
) AS record (name, type, content)
WHERE domains.name = 'example.test';
