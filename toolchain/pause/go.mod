module hybrid-vnf/toolchain/pause

go 1.24
