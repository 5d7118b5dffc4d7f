select a asset, r reason_code, s started_at, e ended_at, m minutes from stop where s < @until;
