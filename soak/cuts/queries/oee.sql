select asset, oee, at from seen;
