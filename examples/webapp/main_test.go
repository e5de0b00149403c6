package main

import (
	"io"
	"net"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPortInUse(t *testing.T) {
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer busy.Close()
	err = serve(t.Context(), options{addr: busy.Addr().String()}, io.Discard)
	require.ErrorContains(t, err, "another program listens on "+busy.Addr().String()+": stop it, or choose another port with -addr")
}
