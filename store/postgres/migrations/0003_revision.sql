-- revision is drawn at random with each change of an application and its secrets, but for its epoch: whoever remembers them
-- reads it, and knows whether they are still what they were. Versions before do not draw it: what they change, or a hand does
-- that draws none, can be remembered as it was for ten seconds.
-- The table is written anew for it, now with room on each page: so a revocation can be kept where the disk has none.
ALTER TABLE oauth_applications SET (fillfactor = 70);
ALTER TABLE oauth_applications ADD COLUMN revision uuid NOT NULL DEFAULT pg_catalog.gen_random_uuid();
