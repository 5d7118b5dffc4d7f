-- Everything that a migration can leave behind, a line for each object, from pg_catalog: what pg_dump shows, and
-- what it does not, such as owners and the order of columns. Result: object (text), sorted.

with relation as (
  select class.*
  from pg_catalog.pg_class as class
  where class.relnamespace = 'public'::regnamespace
),
described as (
  select format(
    'relation %s %s persistence=%s options=%s security=%s,%s identity=%s owner=%s',
    relation.relkind, relation.relname, relation.relpersistence, relation.reloptions, relation.relrowsecurity,
    relation.relforcerowsecurity, relation.relreplident, relation.relowner::regrole
  ) as object
  from relation
  union all
  select format(
    'column %s.%s %s %s null=%s default=%s identity=%s generated=%s collation=%s storage=%s statistics=%s options=%s',
    relation.relname,
    row_number() over (partition by relation.oid order by attribute.attnum),
    attribute.attname,
    format_type(attribute.atttypid, attribute.atttypmod),
    not attribute.attnotnull,
    pg_get_expr(value.adbin, value.adrelid),
    attribute.attidentity,
    attribute.attgenerated,
    attribute.attcollation::regcollation,
    attribute.attstorage,
    nullif(attribute.attstattarget, -1),
    attribute.attoptions
  )
  from relation
  join pg_catalog.pg_attribute as attribute on attribute.attrelid = relation.oid
  left join pg_catalog.pg_attrdef as value
    on value.adrelid = attribute.attrelid and value.adnum = attribute.attnum
  where attribute.attnum > 0 and not attribute.attisdropped
  union all
  select format(
    'index %s valid=%s clustered=%s replica=%s',
    pg_get_indexdef(index.indexrelid), index.indisvalid, index.indisclustered, index.indisreplident
  )
  from relation
  join pg_catalog.pg_index as index on index.indexrelid = relation.oid
  union all
  select format('sequence %s %s', sequence.seqrelid::regclass, to_jsonb(sequence) - 'seqrelid' - 'seqtypid')
  from relation
  join pg_catalog.pg_sequence as sequence on sequence.seqrelid = relation.oid
  union all
  select format(
    'constraint %s on %s %s validated=%s deferrable=%s,%s',
    conname, conrelid::regclass, pg_get_constraintdef(oid), convalidated, condeferrable, condeferred
  )
  from pg_catalog.pg_constraint
  where connamespace = 'public'::regnamespace
  union all
  select format(
    'policy %s on %s for %s as %s to %s using %s check %s',
    policyname, tablename, cmd, permissive, roles, qual, with_check
  )
  from pg_catalog.pg_policies
  where schemaname in ('public', 'realtime')
  union all
  select format('trigger %s enabled=%s', pg_get_triggerdef(oid), tgenabled)
  from pg_catalog.pg_trigger
  -- The local Realtime's own trigger is there before any migration.
  where not tgisinternal and tgrelid <> 'realtime.messages'::regclass
  union all
  select format(
    'function %s owner=%s cost=%s rows=%s %s',
    oid::regprocedure, proowner::regrole, procost, prorows, pg_get_functiondef(oid)
  )
  from pg_catalog.pg_proc
  where pronamespace = 'public'::regnamespace and prokind in ('f', 'p', 'w')
  union all
  select format('type %s %s owner=%s', typtype, typname, typowner::regrole)
  from pg_catalog.pg_type
  where typnamespace = 'public'::regnamespace
  union all
  select format('statistics %s', pg_get_statisticsobjdef(oid))
  from pg_catalog.pg_statistic_ext
  where stxnamespace = 'public'::regnamespace
  union all
  select format('published %s.%s in %s %s %s', schemaname, tablename, pubname, attnames, rowfilter)
  from pg_catalog.pg_publication_tables
  union all
  select format('comment on %s %s: %s', identified.type, identified.identity, comment.description)
  from pg_catalog.pg_description as comment
  cross join lateral pg_identify_object(comment.classoid, comment.objoid, comment.objsubid) as identified
  where identified.schema = 'public'
  or identified.type in ('policy', 'table constraint', 'trigger')
  union all
  -- What the owner may do goes without saying, and an object without grants has the defaults of its kind.
  select format(
    'grant %s on %s to %s by %s%s',
    granted.privilege_type,
    owned.name,
    case when granted.grantee = 0 then 'public' else granted.grantee::regrole::text end,
    granted.grantor::regrole,
    case when granted.is_grantable then ' with grant option' end
  )
  from (
    select
      case relkind when 'S' then 'sequence ' else 'relation ' end || relname as name,
      relowner as owner,
      coalesce(relacl, acldefault(case relkind when 'S' then 's' else 'r' end::"char", relowner)) as acl
    from relation
    where relkind not in ('i', 'I', 'c', 't')
    union all
    select 'column ' || relation.relname || '.' || attribute.attname, relation.relowner, attribute.attacl
    from relation
    join pg_catalog.pg_attribute as attribute on attribute.attrelid = relation.oid
    where attribute.attacl is not null
    union all
    select 'function ' || oid::regprocedure, proowner, coalesce(proacl, acldefault('f', proowner))
    from pg_catalog.pg_proc
    where pronamespace = 'public'::regnamespace
    union all
    select 'schema ' || nspname, nspowner, nspacl
    from pg_catalog.pg_namespace
    where nspname = 'supabase_migrations'
    union all
    select 'history ' || class.relname || coalesce('.' || attribute.attname, ''), class.relowner, acl
    from pg_catalog.pg_class as class
    left join pg_catalog.pg_attribute as attribute
      on attribute.attrelid = class.oid and attribute.attnum > 0 and attribute.attacl is not null
    cross join lateral (values (class.relacl), (attribute.attacl)) as either (acl)
    where class.relnamespace = to_regnamespace('supabase_migrations')
  ) as owned
  cross join lateral aclexplode(owned.acl) as granted
  where granted.grantee <> owned.owner
)
select object from described
order by object collate "C"
