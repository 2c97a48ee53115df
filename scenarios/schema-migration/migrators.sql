CREATE ROLE delphi_owner NOLOGIN;
GRANT USAGE, CREATE ON SCHEMA public TO delphi_owner;
CREATE ROLE delphi_reporting NOLOGIN;
CREATE ROLE delphi_migrators NOLOGIN;
GRANT USAGE, CREATE ON SCHEMA public TO delphi_migrators;
