/** What the pages read of the database's board functions. Instants are ISO 8601 in UTC, fractions 0 to 1, unknown is null. */

/** Figures, and texts or instants, that may be unknown. */
type Figures<Name extends string> = Record<Name, number | null>
type Texts<Name extends string> = Record<Name, string | null>

export type Plant = Texts<'time_zone'> &
  Record<'plant' | 'name', string> &
  Record<'slot_minutes' | 'window_minutes', number> & { role: 'viewer' | 'operator' | 'manager' }

/** What every document of a plant begins with; `plant` is null where there is no such plant, or not for this reader. */
type OfPlant = { now: string; plant: Plant }
/** How old data is, and when it becomes stale. */
export type Age = Texts<'as_of' | 'stale_after'>

export type PlantState = Age &
  Texts<'next_at'> & {
    plant: Plant
    /** Texts that change when the pages of these should be asked for again; null for another plant than was asked for. */
    marks: Record<'safety' | 'alert' | 'report' | 'poll', string> | null
    poll: { run_id: number; status: string; error_code: string | null } | null
  }
export type Plants = { now: string; health: Age | null; plants: PlantState[] }

type Status = 'on_target' | 'above_target' | 'below_target' | 'stopped' | 'not_planned' | 'no_data'

export type Machine = Figures<'units' | 'target' | 'variance' | 'oee'> &
  Texts<'area' | 'as_of' | 'stopped_since'> & { asset_id: number; name: string; status: Status; strip: string }

/** Something that needs a person. Which figures it has depends on its kind. */
export type Need = Texts<'asset' | 'area' | 'since'> &
  Partial<Figures<'safety_event_id' | 'reason_minutes' | 'minutes' | 'slots' | 'difference'>> &
  Partial<Texts<'severity' | 'reason'>> & {
    kind: 'safety' | 'poll' | 'stopped' | 'below' | 'no_data'
    asset_id: number | null
    is_acknowledged?: boolean
  }

type ShiftSoFar = Figures<'units' | 'target' | 'difference' | 'shift_target' | 'projected' | 'downtime_minutes'> & {
  is_below: boolean | null
  slots_missing: number
  reasons: { reason: string | null; minutes: number }[]
}

export type Board = OfPlant &
  Age & {
    shift: Record<'name' | 'starts_at' | 'ends_at', string> | null
    shift_so_far: ShiftSoFar | null
    counts: Record<'planned' | 'below_target' | 'stopped' | 'no_data' | 'off_target', number>
    oee: Figures<'window' | 'shift'> & { slots: (number | null)[] | null }
    /** Reason codes have an age of their own: they can stay behind snapshots. */
    safety: Age & { open: number }
    needs_you_total: number
    needs_you: Need[]
    machines: Machine[]
  }

/** `is_catch_up` is null for a gap. */
type Slot = Figures<'units' | 'target' | 'oee' | 'downtime_minutes' | 'headcount'> &
  Record<'at' | 'mark', string> & { status: Status; is_catch_up: boolean | null }

type Stop = Texts<'reason' | 'until'> & { since: string; minutes: number; shift_minutes: number | null }

export type AssetDay = OfPlant &
  Age & {
    asset: { name: string; area: string | null; is_active: boolean } | null
    machine: Machine | null
    day: Figures<'oee' | 'units' | 'target' | 'downtime_minutes'>
    slots: Slot[]
    stops: Stop[]
  }

export type SafetyEvent = Texts<'area' | 'details' | 'acknowledged_at' | 'acknowledged_by' | 'resolved_at' | 'resolved_by' | 'resolution'> &
  Record<'asset' | 'at' | 'reason' | 'severity', string> &
  Record<'id' | 'asset_id', number> & { downtime_minutes: number | null; is_acknowledged: boolean }

export type Safety = OfPlant &
  Age &
  Record<'open' | 'resolved', SafetyEvent[]> &
  Record<'open_left_off' | 'resolved_left_off', number> & { may_sign: boolean }

/** `planned_units`: those of `units` that were made in planned time, which are what `reached` counts. */
export type Totals = Figures<'units' | 'planned_units' | 'target' | 'reached' | 'oee' | 'loss'>
export type ReportRow = Figures<'units' | 'target' | 'oee' | 'availability' | 'performance' | 'quality' | 'downtime_minutes' | 'loss'> &
  Record<'asset' | 'text', string> & { asset_id: number; is_below: boolean | null }
export type Loss = Record<'asset' | 'kind', string> & { amount: number; cost: number | null; reason: string | null }

export type Report = OfPlant &
  Texts<'day' | 'before' | 'after' | 'newest' | 'stale_after' | 'made_at' | 'corrected_at' | 'currency'> &
  Record<'total' | 'day_before' | 'week_before', Totals | null> & {
    costs: { losses: Loss[] }
    reasons: { reason: string | null; minutes: number; is_planned: boolean }[]
    days: { day: string; oee: number | null; has_report: boolean }[]
    machines: ReportRow[]
    unmapped: string[]
  }

export type Pipeline = Texts<'plant' | 'since' | 'next_at' | 'last_success_at' | 'running_since'> &
  Record<'pipeline' | 'state' | 'strip' | 'strip_from', string> & {
    interval_minutes: number | null
    is_data_behind: boolean
    consecutive_failures: number
    last_error: { code: string } | null
    day: { executed: number; failed: number } & Figures<'p50_ms' | 'p95_ms'>
  }

export type Run = Texts<'slot' | 'error_code' | 'error_message' | 'made_up_at'> &
  Record<'pipeline' | 'status' | 'started_at', string> & { is_retryable: boolean | null; warnings: string[]; duration_ms: number | null }

export type Pipelines = OfPlant & { pipelines: Pipeline[]; runs: Run[]; runs_left_off: number }

export type Step = Texts<'by' | 'channel'> & { at: string; what: string }

export type Alert = Texts<'plant' | 'acknowledged_at' | 'acknowledged_by' | 'resolved_at' | 'silenced_until'> &
  Record<'scope' | 'rule' | 'fingerprint' | 'opened_at', string> &
  Record<'id' | 'reopened', number> &
  Record<'is_acknowledged' | 'may_acknowledge', boolean> & {
    severity: 'info' | 'warning' | 'critical'
    facts: Record<string, unknown>
    steps?: Step[]
  }

export type Silence = Texts<'plant' | 'rule' | 'fingerprint' | 'created_by'> &
  Record<'starts_at' | 'ends_at' | 'why', string> & { id: number; is_active: boolean; may_end: boolean }

export type Alerts = OfPlant &
  Record<'open' | 'over', Alert[]> & {
    may_silence: boolean
    open_left_off: { rule: string; alerts: number }[]
    over_left_off: number
    silences: Silence[]
  }

export type Block = { start: string; minutes: number; values: (number | null)[] }

export type Series = Texts<'newest_at' | 'stale_since'> &
  Record<'key' | 'source' | 'unit', string> & {
    value: number | null
    is_stale: boolean
    open_gaps: number
    quality: ({ day: string } & Record<'completeness' | 'timeliness' | 'accuracy', number>) | null
    points?: Block[]
  }

type Gap = Texts<'next_attempt_at' | 'reason'> & Record<'group' | 'starts_at' | 'ends_at' | 'state', string> & { attempts: number }

export type Energy = Texts<'subject' | 'points_from' | 'points_until'> & {
  now: string
  pipelines: Pick<Pipeline, 'pipeline' | 'state' | 'since' | 'last_success_at' | 'next_at'>[]
  subjects: string[]
  series: Series[]
  gaps: Gap[]
  gaps_left_off: number
}

export type Tag = { name: string; unit: string | null; value: number | boolean | string | null; quality: number | null }

export type TagGroup = Texts<'last_good_at' | 'stale_after' | 'last_error_code' | 'failing_since'> &
  Figures<'queue_length' | 'read_ms'> &
  Record<'name' | 'driver' | 'state', string> &
  Record<'id' | 'interval_ms' | 'tag_count' | 'dropped_count' | 'tags_left_off', number> & {
    mode: 'fixed' | 'handshake'
    active: boolean
    command: { requested_at: string; requested_by: string | null } | null
    sample: { at: string } | null
    tags: Tag[]
  }

export type Tags = OfPlant & { may_command: boolean; groups: TagGroup[] }
export type TagHistory = OfPlant & { groups: { history: { from: string; read_ms: (number | null)[] } }[] }
