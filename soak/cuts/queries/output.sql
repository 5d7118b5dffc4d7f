select * from made;
