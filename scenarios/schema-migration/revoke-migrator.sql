REASSIGN OWNED BY "{{name}}" TO delphi_owner;
DROP OWNED BY "{{name}}";
DROP ROLE IF EXISTS "{{name}}";
