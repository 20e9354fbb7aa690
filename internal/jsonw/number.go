package jsonw

import (
	"bytes"
	"fmt"
	"math"
	"strconv"
)

// appendFloat writes a JSON number as PostgreSQL writes a double: the shortest digits that stand for it, with an exponent
// below 0.0001 and from 1e+15 on. Documents spell numbers out, and so do columns of type real, in their way.
func appendFloat(dst, text []byte) ([]byte, error) {
	if isShortest(text) {
		return append(dst, text...), nil
	}
	f, err := strconv.ParseFloat(string(text), 64)
	if err != nil {
		return dst, fmt.Errorf("%s is outside a number of double precision", clip(text))
	}
	size := math.Abs(f)
	switch {
	case f == 0:
		return append(dst, '0'), nil // JSON's readers make nothing of -0
	case size < 1e-4 || size >= 1e15:
		return strconv.AppendFloat(dst, f, 'e', -1, 64), nil
	}
	return strconv.AppendFloat(dst, f, 'f', -1, 64), nil
}

// isShortest tells whether a JSON number is surely spelled so already: no exponent, no more than 15 digits, no zeros behind
// them, and not too small.
func isShortest(text []byte) bool {
	digits := bytes.TrimPrefix(text, []byte{'-'})
	if len(digits) > 15 || bytes.HasPrefix(digits, []byte("0.000")) || string(text) == "-0" {
		return false
	}
	point := bytes.IndexByte(digits, '.') >= 0
	if point && digits[len(digits)-1] == '0' {
		return false
	}
	return bytes.IndexByte(digits, 'e') < 0 && bytes.IndexByte(digits, 'E') < 0
}

// maxZeros bounds the digits that an exponent may stand for; PostgreSQL's numeric has no more before its point.
const maxZeros = 131_072

// appendDecimal writes a JSON number without an exponent, as PostgreSQL writes a numeric. Only a column of type json, or Go,
// can give another spelling.
func appendDecimal(dst, text []byte) []byte {
	mantissa, exponent, found := bytes.Cut(text, []byte{'e'})
	if !found {
		mantissa, exponent, found = bytes.Cut(text, []byte{'E'})
	}
	shift, err := strconv.Atoi(string(exponent))
	if !found || err != nil || shift > maxZeros || shift < -maxZeros {
		return append(dst, text...)
	}
	if rest, negative := bytes.CutPrefix(mantissa, []byte{'-'}); negative {
		dst, mantissa = append(dst, '-'), rest
	}
	whole, fraction, _ := bytes.Cut(mantissa, []byte{'.'})
	digits := append(bytes.Clone(whole), fraction...)
	point := len(whole) + shift
	if point <= 0 {
		dst = append(dst, "0."...)
		dst = append(dst, bytes.Repeat([]byte{'0'}, -point)...)
		return append(dst, digits...)
	}
	if point >= len(digits) {
		digits = append(digits, bytes.Repeat([]byte{'0'}, point-len(digits))...)
	}
	lead := 0
	for lead < point-1 && digits[lead] == '0' {
		lead++
	}
	dst = append(dst, digits[lead:point]...)
	if point < len(digits) {
		dst = append(append(dst, '.'), digits[point:]...)
	}
	return dst
}
