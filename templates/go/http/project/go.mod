module example.com/kserve

go 1.24
