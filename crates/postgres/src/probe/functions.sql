SELECT n.nspname::text AS schema,
       p.proname::text AS name,
       p.proname || '(' || oidvectortypes(p.proargtypes) || ')' AS signature,
       p.prokind::text AS kind,
       p.provolatile = 'i' AS immutable,
       p.provariadic <> 0 AS variadic,
       EXISTS (SELECT FROM pg_type t WHERE t.oid = ANY (p.proargtypes) AND t.typtype = 'p') AS pseudo,
       CASE
           WHEN p.proargmodes IS NULL OR p.prokind <> 'p' THEN ARRAY (
               SELECT format_type(given.type, NULL)
               FROM unnest(p.proargtypes::oid[]) WITH ORDINALITY AS given (type, place)
               ORDER BY given.place
           )
           -- CALL wants something in the place of an OUT argument.
           ELSE ARRAY (
               SELECT CASE WHEN given.mode <> 'o' THEN format_type(given.type, NULL) END
               FROM unnest(p.proallargtypes, p.proargmodes) WITH ORDINALITY AS given (type, mode, place)
               ORDER BY given.place
           )
       END AS arguments
FROM pg_proc p
JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE n.nspname !~ '^pg_(toast_)?temp_'
  AND (n.nspname NOT IN ('pg_catalog', 'information_schema') OR p.proacl IS NOT NULL)
