/** The shapes of the documents that the database's board functions return. Instants are ISO 8601 in UTC, fractions 0 to 1, unknown is null. */

/** Figures, and texts or instants, that may be unknown. */
type Figures<Name extends string> = Record<Name, number | null>
type Texts<Name extends string> = Record<Name, string | null>

export type Plant = Texts<'time_zone' | 'language' | 'currency'> & {
  plant: string
  name: string
  role: 'viewer' | 'operator' | 'manager'
  slot_minutes: number
  window_minutes: number
}

/** What every document of a plant begins with; `plant` is null where there is no such plant, or not for this reader. */
export type OfPlant = { now: string; plant: Plant }
/** Of when data is, and after when it is old. */
export type Fresh = Texts<'as_of' | 'next_at' | 'stale_after'>

export type PlantState = Fresh & {
  plant: Plant
  /** Texts that change when the pages of these should be asked for again. */
  marks: Record<'safety' | 'alert' | 'report', string>
  poll: ({ run_id: number; status: string } & Texts<'error_code' | 'error_message'>) | null
}
export type Plants = { now: string; plants: PlantState[] }

export type Shift = { name: string; starts_at: string; ends_at: string }
export type Status = 'on_target' | 'above_target' | 'below_target' | 'stopped' | 'not_planned' | 'no_data'

export type Machine = Figures<'units' | 'target' | 'variance' | 'oee' | 'downtime_minutes'> &
  Texts<'area' | 'as_of' | 'stopped_since'> & { asset_id: number; name: string; status: Status; strip: string }

/** Something that needs a person. Which figures it has depends on its kind. */
export type Need = Texts<'asset' | 'area' | 'since'> &
  Partial<Figures<'safety_event_id' | 'reason_minutes' | 'minutes' | 'slots' | 'difference'>> &
  Partial<Texts<'severity' | 'reason' | 'error_code'>> & {
    kind: 'safety' | 'poll' | 'stopped' | 'below' | 'no_data'
    asset_id: number | null
    is_acknowledged?: boolean
  }

export type ShiftSoFar = Figures<'units' | 'target' | 'difference' | 'shift_target' | 'projected' | 'downtime_minutes'> & {
  is_below: boolean | null
  slots_missing: number
  reasons: { reason: string | null; minutes: number }[]
}

export type Board = OfPlant &
  Fresh & {
    shift: Shift | null
    shift_so_far: ShiftSoFar | null
    counts: Record<'planned' | 'below_target' | 'stopped' | 'no_data' | 'off_target', number>
    oee: Figures<'window' | 'shift'> & { slots: (number | null)[] | null }
    /** Reason codes have an age of their own: they can stay behind snapshots. */
    safety: { open: number; as_of: string | null; stale_after: string | null }
    needs_you_total: number
    needs_you: Need[]
    machines: Machine[]
  }

export type Slot = Figures<'units' | 'target' | 'oee' | 'downtime_minutes' | 'headcount'> & {
  at: string
  mark: string
  status: Status
  /** null: a gap. */
  is_catch_up: boolean | null
}

export type Stop = { reason: string | null; since: string; until: string | null; minutes: number; shift_minutes: number | null }

export type AssetDay = OfPlant &
  Fresh & {
    asset: { asset_id: number; name: string; area: string | null; is_active: boolean } | null
    machine: Machine | null
    day: Figures<'oee' | 'units' | 'target' | 'downtime_minutes'>
    slots: Slot[]
    stops: Stop[]
  }

export type SafetyEvent = Texts<'area' | 'details' | 'acknowledged_at' | 'acknowledged_by' | 'resolved_at' | 'resolved_by' | 'resolution'> &
  Record<'asset' | 'at' | 'reason' | 'severity', string> & {
    id: number
    asset_id: number
    downtime_minutes: number | null
    is_acknowledged: boolean
  }

export type Safety = OfPlant &
  Texts<'as_of' | 'stale_after'> & { may_sign: boolean; open: SafetyEvent[]; resolved: SafetyEvent[]; resolved_left_off: number }

/** `planned_units`: those of `units` that were made in planned time, which are what `reached` counts. */
export type Totals = Figures<'units' | 'planned_units' | 'target' | 'reached' | 'oee' | 'downtime_minutes' | 'scrap' | 'loss'>
export type ReportRow = Omit<Totals, 'reached' | 'planned_units'> &
  Figures<'availability' | 'performance' | 'quality'> & { asset_id: number; asset: string; is_below: boolean | null; text: string }
export type Loss = { asset_id: number; asset: string; kind: string; amount: number; cost: number | null; reason: string | null }

export type Report = OfPlant &
  Texts<'day' | 'before' | 'after' | 'newest' | 'stale_after' | 'made_at' | 'corrected_at' | 'currency'> & {
    total: Totals | null
    day_before: Totals | null
    week_before: Totals | null
    costs: { losses: Loss[] }
    reasons: { reason: string | null; minutes: number; is_planned: boolean }[]
    days: { day: string; oee: number | null; reached: number | null; has_report: boolean }[]
    machines: ReportRow[]
    unmapped: string[]
  }

export type Pipeline = Texts<'plant' | 'since' | 'next_at' | 'last_success_at' | 'running_since'> &
  Record<'pipeline' | 'state' | 'strip' | 'strip_from', string> & {
    interval_minutes: number | null
    is_data_behind: boolean
    consecutive_failures: number
    last_error: { code: string; at: string } | null
    day: { executed: number; failed: number } & Figures<'p50_ms' | 'p95_ms'>
  }

export type Run = Texts<'plant' | 'slot' | 'error_code' | 'error_message' | 'made_up_at'> & {
  run_id: number
  pipeline: string
  status: string
  is_retryable: boolean | null
  warnings: string[]
  started_at: string
  duration_ms: number | null
}

export type Pipelines = OfPlant & Texts<'looked_at' | 'stale_after'> & { pipelines: Pipeline[]; runs: Run[]; runs_left_off: number }

export type Step = Texts<'by' | 'channel'> & { at: string; what: string }

export type Alert = Texts<'plant' | 'acknowledged_at' | 'acknowledged_by' | 'resolved_at' | 'silenced_until'> &
  Record<'scope' | 'rule' | 'fingerprint' | 'opened_at', string> & {
    id: number
    severity: 'info' | 'warning' | 'critical'
    facts: Record<string, unknown>
    reopened: number
    is_acknowledged: boolean
    may_acknowledge: boolean
    steps?: Step[]
  }

export type Silence = Texts<'plant' | 'rule' | 'fingerprint' | 'created_by'> &
  Record<'starts_at' | 'ends_at' | 'why', string> & { id: number; is_active: boolean; may_end: boolean }

export type Alerts = OfPlant &
  Texts<'as_of' | 'stale_after'> & {
    may_silence: boolean
    open: Alert[]
    open_left_off: { rule: string; alerts: number }[]
    over: Alert[]
    over_left_off: number
    silences: Silence[]
  }

export type Block = { start: string; minutes: number; values: (number | null)[] }

export type Series = Texts<'newest_at' | 'stale_since' | 'until'> &
  Record<'key' | 'kind' | 'subject' | 'source' | 'unit', string> & {
    minutes: number | null
    value: number | null
    is_stale: boolean
    open_gaps: number
    quality: { day: string; completeness: number; timeliness: number; accuracy: number } | null
    points?: Block[]
  }

export type Gap = Texts<'next_attempt_at' | 'reason'> & Record<'group' | 'starts_at' | 'ends_at' | 'state', string> & { attempts: number }

export type Energy = Texts<'looked_at' | 'stale_after' | 'subject' | 'points_from' | 'points_until'> & {
  now: string
  pipelines: Pick<Pipeline, 'pipeline' | 'state' | 'since' | 'last_success_at' | 'next_at'>[]
  subjects: string[]
  series: Series[]
  gaps: Gap[]
  gaps_left_off: number
}

export type Tag = { name: string; unit: string | null; value: number | boolean | string | null; quality: number | null }
export type History = { from: string; read_ms: (number | null)[] }

export type TagGroup = Texts<'last_good_at' | 'stale_after' | 'last_error_code' | 'failing_since'> &
  Figures<'queue_length' | 'read_ms'> &
  Record<'name' | 'driver' | 'state', string> & {
    id: number
    mode: 'fixed' | 'handshake'
    interval_ms: number
    active: boolean
    tag_count: number
    dropped_count: number
    command: { kind: string; requested_at: string; requested_by: string | null } | null
    sample: { at: string; quality: number } | null
    tags: Tag[]
    tags_left_off: number
  }

export type Tags = OfPlant & { may_command: boolean; groups: TagGroup[] }
export type TagHistory = OfPlant & { groups: { history: History }[] }
