select asset, headcount from seen;
