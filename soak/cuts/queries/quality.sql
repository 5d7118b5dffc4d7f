select asset, good, rejected from seen;
