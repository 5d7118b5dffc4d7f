select r reason_code from stop;
