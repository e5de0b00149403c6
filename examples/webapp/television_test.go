package main

import (
	"image"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"rsc.io/qr"
)

// The drawing has each black module of the code, four of white around them, and
// nothing of the text itself.
func TestQRCode(t *testing.T) {
	const text = "https://id.example/device?user_code=WDJB-MJHT"
	drawn, err := qrCode(text)
	require.NoError(t, err)
	code, err := qr.Encode(text, qr.M)
	require.NoError(t, err)
	black := map[image.Point]bool{}
	for y := range code.Size {
		for x := range code.Size {
			if code.Black(x, y) {
				black[image.Pt(x, y)] = true
			}
		}
	}
	require.Equal(t, len(black), strings.Count(string(drawn), "h1v1h-1z"))
	require.Contains(t, drawn, `d="M4 4h1v1h-1z`, "the corner of the first finder pattern")
	require.NotContains(t, drawn, "WDJB")

	_, err = qrCode(strings.Repeat("x", 10_000))
	require.Error(t, err)
}
