module example.com/kserve

go 1.26.0
