-- Nobody tells the database what a plant is called any more. Pages that ask for it show the plant's key, and UTC.

set lock_timeout = '2s';

create or replace function public.write_live_pulse(p_run public.pipeline_runs, p_commit jsonb, p_now timestamptz)
returns jsonb
language plpgsql
security invoker
set search_path = ''
as $$
declare
  v_is_final constant boolean := coalesce((p_commit ->> 'is_final')::boolean, true);
  v_registered constant integer := public.register_assets(p_run.plant, p_commit -> 'unknown_assets');
  v_snapshots constant jsonb := public.upsert_snapshots(p_run, p_commit -> 'slots');
  v_report jsonb;
begin
  perform public.keep_rejected_records(p_run, p_commit -> 'rejected_records', p_now);

  if v_is_final then
    v_report := public.finish_run(
      p_run.id,
      p_commit ->> 'status',
      coalesce(p_commit -> 'report', '{}') || jsonb_build_object(
        'counts', public.add_snapshot_counts(p_commit -> 'report' -> 'counts', v_snapshots)
      ),
      p_now,
      p_commit
    );
  else
    update public.pipeline_runs as run
    set
      snapshots_until = (p_commit ->> 'snapshots_until')::timestamptz,
      safety_until = (p_commit ->> 'safety_until')::timestamptz,
      catch_up_from = (p_commit ->> 'catch_up_from')::timestamptz,
      catch_up_until = (p_commit ->> 'catch_up_until')::timestamptz
    where run.id = p_run.id;
  end if;

  return jsonb_build_object(
    'answer', 'committed',
    'report', v_report,
    'snapshots', v_snapshots,
    'assets_registered', v_registered
  );
end;
$$;

drop function public.tell_plant(public.pipeline_runs, jsonb, timestamptz);

drop table public.plants;
