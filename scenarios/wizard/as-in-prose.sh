# The role can be written; a credential of it cannot be made.
if answer=$(vault read database/creds/db-app-as-in-prose 2>&1); then
  echo "a credential was made by a statement that is no SQL"
  exit 1
fi
grep -q 'Code: 500' <<<"$answer"
grep -q 'SQLSTATE 42601' <<<"$answer"
