-- Who sees and changes which posts: row-level security. What is published or archived is everybody's to read, signed in or not;
-- a draft is seen by its own house only, which alone may write, publish and delete.
--
-- The policies hold for a role that neither owns the tables nor is a superuser: docs/tenants.md makes one. The house comes from
-- the setting app.tenant_id, which the app takes from a claim of the caller's token: --session app.tenant_id=tenant. A session that
-- had the setting once has it as '' and not as null, hence nullif.

ALTER TABLE tb_post ENABLE ROW LEVEL SECURITY;
CREATE POLICY shown ON tb_post FOR SELECT USING (status <> 'draft');
CREATE POLICY own_house ON tb_post USING (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);

-- A view reads its tables as its owner, for whom no policy holds, unless it is told to read them as whoever asks. That needs
-- PostgreSQL 15.
DO $$
BEGIN
    IF current_setting('server_version_num')::int >= 150000 THEN
        ALTER VIEW v_post SET (security_invoker = true);
        ALTER VIEW v_tag_post SET (security_invoker = true);
        ALTER VIEW v_user_card SET (security_invoker = true);
    END IF;
END
$$;
