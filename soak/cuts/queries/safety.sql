select top (@limit) id source_id, a asset, r reason_code, s at, m minutes, n notes from stop where charindex(r, @reason_codes) > 0;
