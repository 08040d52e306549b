module yinxin.example/interop/gmsm

go 1.25

require github.com/emmansun/gmsm v0.43.0

require golang.org/x/crypto v0.48.0 // indirect
