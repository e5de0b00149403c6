package wire

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/require"
)

func post(contentType, target, body string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, target, strings.NewReader(body))
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	return r
}

// testParams are the parameters of an endpoint of these tests.
var testParams = []string{"a", "b", "c", "code", "client_secret", "resource", "state"}

func TestReadForm(t *testing.T) {
	for _, tt := range []struct {
		name, contentType, target, body string
		want                            url.Values // nil: refused
		status                          int        // of the refusal; 0 means 400
	}{
		{name: "form", contentType: FormType, body: "a=1&b=2", want: url.Values{"a": {"1"}, "b": {"2"}}},
		{name: "charset", contentType: FormType + ";charset=UTF-8", body: "a=1", want: url.Values{"a": {"1"}}},
		{name: "charset without a value", contentType: FormType + "; charset=", body: "a=1", want: url.Values{"a": {"1"}}},
		{name: "charset alone", contentType: FormType + "; charset", body: "a=1", want: url.Values{"a": {"1"}}},
		{name: "parameters of the type are not read", contentType: FormType + " ; x=1; x=2; \"", body: "a=1", want: url.Values{"a": {"1"}}},
		{name: "case of the type", contentType: "Application/X-WWW-Form-Urlencoded", body: "a=1", want: url.Values{"a": {"1"}}},
		{name: "decoding", contentType: FormType, body: "a=%2B+%C3%A9%25", want: url.Values{"a": {"+ é%"}}},
		{name: "encoded name", contentType: FormType, body: "c%6fde=1", want: url.Values{"code": {"1"}}},
		{name: "empty is omitted", contentType: FormType, body: "a=&b&c=1", want: url.Values{"c": {"1"}}},
		{name: "empty body", contentType: FormType, body: "", want: url.Values{}},
		{name: "semicolon", contentType: FormType, body: "a=1;b=2", want: url.Values{"a": {"1;b=2"}}},
		{name: "semicolon in the query", contentType: FormType, target: "/?x=1;code=2", body: "a=1", want: url.Values{"a": {"1"}}},
		{name: "unknown query", contentType: FormType, target: "/?x=%zz&x&%", body: "a=1", want: url.Values{"a": {"1"}}},
		{name: "empty in the query", contentType: FormType, target: "/?code=", body: "a=1", want: url.Values{"a": {"1"}}},
		{name: "resource may repeat", contentType: FormType, body: "resource=a&resource=b", want: url.Values{"resource": {"a", "b"}}},
		{name: "resource may be empty", contentType: FormType, body: "resource=&resource=b&resource", want: url.Values{"resource": {"b"}}},
		{name: "others between", contentType: FormType, body: "resource=a&b=1&resource=c", want: url.Values{"resource": {"a", "c"}, "b": {"1"}}},
		{name: "a state is the client's", contentType: FormType, body: "state=%00%ff%0a", want: url.Values{"state": {"\x00\xff\n"}}},
		{name: "unknown twice", contentType: FormType, body: "x=1&a=1&x=2&x=1", want: url.Values{"a": {"1"}}},
		{name: "unknown with a bad escape", contentType: FormType, body: "x=%zz&a=1&%=2", want: url.Values{"a": {"1"}}},
		{name: "unknown with invalid UTF-8", contentType: FormType, body: "x=%ff&\xff=1&a=1&%ff=1", want: url.Values{"a": {"1"}}},
		{name: "unknown with control characters", contentType: FormType, body: "x=\x00%00\n&a=1&a%0a=1", want: url.Values{"a": {"1"}}},
		{name: "many unknown", contentType: FormType, body: strings.Repeat("x=1&", 10_000) + "a=1", want: url.Values{"a": {"1"}}},

		{name: "no content type", body: "a=1"},
		{name: "text", contentType: "text/plain", body: "a=1"},
		{name: "JSON", contentType: JSONType, body: `{"a":"1"}`},
		{name: "XML", contentType: "application/xml", body: "<a>1</a>"},
		{name: "multipart", contentType: "multipart/form-data; boundary=x", body: "--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--x--\r\n"},
		{name: "two types in one", contentType: FormType + ", text/plain", body: "a=1"},
		{name: "duplicate", contentType: FormType, body: "a=1&a=1"},
		{name: "duplicate, one empty", contentType: FormType, body: "a=&a=1"},
		{name: "duplicate, both empty", contentType: FormType, body: "a&a"},
		{name: "duplicate, encoded name", contentType: FormType, body: "code=1&c%6fde=2"},
		{name: "duplicate state", contentType: FormType, body: "state=1&state=1"},
		{name: "bad escape", contentType: FormType, body: "a=%zz"},
		{name: "invalid UTF-8", contentType: FormType, body: "a=%ff"},
		{name: "NUL", contentType: FormType, body: "a=%00"},
		{name: "line break", contentType: FormType, body: "a=1%0d%0aX:+1"},
		{name: "delete", contentType: FormType, body: "a=%7f"},
		{name: "too large", contentType: FormType, body: "a=" + strings.Repeat("1", MaxBody), status: http.StatusRequestEntityTooLarge},
		{name: "protocol parameter in the query", contentType: FormType, target: "/?client_secret=x", body: "a=1"},
		{name: "code in the query", contentType: FormType, target: "/?x=1&code=2", body: "code=1"},
		{name: "bad escape in the query", contentType: FormType, target: "/?code=%zz", body: "a=1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.target == "" {
				tt.target = "/"
			}
			form, refusal := ReadForm(httptest.NewRecorder(), post(tt.contentType, tt.target, tt.body), testParams)
			if tt.want != nil {
				require.Nil(t, refusal)
				require.Equal(t, tt.want, form.Values())
				return
			}
			require.NotNil(t, refusal)
			require.Nil(t, form)
			require.Equal(t, InvalidRequest, refusal.Code)
			if tt.status == 0 {
				tt.status = http.StatusBadRequest
			}
			require.Equal(t, tt.status, refusal.Status)
		})
	}
}

func TestReadFormRefusesTwoContentTypes(t *testing.T) {
	r := post(FormType, "/", "a=1")
	r.Header.Add("Content-Type", "text/plain")
	_, refusal := ReadForm(httptest.NewRecorder(), r, testParams)
	require.NotNil(t, refusal)
	require.Equal(t, InvalidRequest, refusal.Code)
}

func TestReadFormRefusesAnEncodedBody(t *testing.T) {
	for encoding, accepted := range map[string]bool{"gzip": false, "GZIP": false, "br, gzip": false, "identity": true, "": true} {
		r := post(FormType, "/", "a=1")
		r.Header.Set("Content-Encoding", encoding)
		_, refusal := ReadForm(httptest.NewRecorder(), r, testParams)
		require.Equal(t, accepted, refusal == nil, encoding)
		if refusal != nil {
			require.Equal(t, http.StatusUnsupportedMediaType, refusal.Status)
		}
	}
}

func TestReadFormRefusesABodyThatBreaksOff(t *testing.T) {
	r := post(FormType, "/", "")
	r.Body = io.NopCloser(io.MultiReader(strings.NewReader("a=1"), iotest.ErrReader(io.ErrUnexpectedEOF)))
	form, refusal := ReadForm(httptest.NewRecorder(), r, testParams)
	require.Nil(t, form)
	require.Equal(t, Refuse(InvalidRequest, "the body could not be read"), refusal)
}

// Whatever length a request tells of its body, the body is read whole, into
// room that grows with what has come.
func TestReadFormGoesByTheBody(t *testing.T) {
	for _, size := range []int{1, 2, 100, 4<<10 - 1, 4 << 10, 4<<10 + 1, MaxBody - 1, MaxBody} {
		want := url.Values{"a": {strings.Repeat("1", size)}}
		body := "a=" + want.Get("a")
		if size > MaxBody-2 {
			want = nil
		}
		for _, told := range []int{-1, 0, 1, size, len(body), MaxBody} {
			r := post(FormType, "/", body)
			r.ContentLength = int64(told)
			form, refusal := ReadForm(httptest.NewRecorder(), r, testParams)
			require.Equal(t, want.Get("a"), form.Get("a"), "%d bytes told of %d", told, len(body))
			require.Equal(t, want == nil, refusal == errBodyTooLarge)
		}
	}
}

// What is sent in chunks beyond the limit is not read by the server either, as
// it would be to use the connection again.
func TestReadFormHasTheConnectionClosed(t *testing.T) {
	refused := make(chan *Error, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, refusal := ReadForm(w, r, testParams)
		refused <- refusal
	}))
	defer server.Close()
	for size, closed := range map[int]bool{MaxBody: false, MaxBody + 1: true} {
		body := io.MultiReader(strings.NewReader(strings.Repeat("a", size))) // of a length that the client does not know
		answer, err := server.Client().Post(server.URL, FormType, body)
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
		require.Equal(t, closed, <-refused == errBodyTooLarge)
		require.Equal(t, closed, answer.Close)
	}
}

func TestReadFormKeepsNoRoomForWhatHasNotCome(t *testing.T) {
	r := post(FormType, "/", "")
	r.ContentLength = MaxBody
	var room int
	r.Body = io.NopCloser(readerFunc(func(p []byte) (int, error) {
		room = max(room, len(p))
		return 0, io.EOF
	}))
	_, refusal := ReadForm(httptest.NewRecorder(), r, testParams)
	require.Nil(t, refusal)
	require.LessOrEqual(t, room, 8<<10)
}

type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func TestEveryParameterIsRefusedInTheQuery(t *testing.T) {
	for _, name := range testParams {
		_, refusal := ReadForm(httptest.NewRecorder(), post(FormType, "/?"+name+"=1", "a=1"), testParams)
		require.NotNil(t, refusal, name)
		require.Equal(t, InvalidRequest, refusal.Code, name)
	}
}

func TestReadFormOrJSON(t *testing.T) {
	for _, tt := range []struct {
		name, contentType, body string
		want                    url.Values // nil: refused
	}{
		{name: "JSON", contentType: JSONType, body: `{"code":"1","state":"é\u00e9"}`, want: url.Values{"code": {"1"}, "state": {"éé"}}},
		{name: "JSON with charset", contentType: JSONType + "; charset=utf-8", body: ` {"code":"1"} ` + "\n", want: url.Values{"code": {"1"}}},
		{name: "empty member is omitted", contentType: JSONType, body: `{"code":"1","state":""}`, want: url.Values{"code": {"1"}}},
		{name: "empty object", contentType: JSONType, body: `{}`, want: url.Values{}},
		{name: "equals sign in a string", contentType: JSONType, body: `{"code":"a=b&c=d"}`, want: url.Values{"code": {"a=b&c=d"}}},
		{name: "unknown members of any type", contentType: JSONType, body: `{"x":1,"y":null,"z":[{"code":"2"}],"x":true,"code":"1","u":{"code":2},"v":1e999,"w":-0.0}`, want: url.Values{"code": {"1"}}},
		{name: "unknown members with any characters", contentType: JSONType, body: "{\"\xff\":\"\xff\",\"c\\node\":\"\\u0000\",\"x\":\"\\ud800\",\"code\":\"1\"}", want: url.Values{"code": {"1"}}},
		{name: "many unknown members", contentType: JSONType, body: "{" + strings.Repeat(`"x":[],`, 9_000) + `"code":"1"}`, want: url.Values{"code": {"1"}}},
		{name: "case matters", contentType: JSONType, body: `{"Code":"2","code":"1","CODE":3}`, want: url.Values{"code": {"1"}}},
		{name: "JSON without a charset", contentType: JSONType + "; charset=", body: `{"code":"1"}`, want: url.Values{"code": {"1"}}},
		{name: "form", contentType: FormType, body: "code=1", want: url.Values{"code": {"1"}}},
		{name: "JSON labelled form", contentType: FormType, body: `{"code":"1"}`, want: url.Values{}},
		{name: "form labelled JSON", contentType: JSONType, body: "code=%7B&state=2", want: url.Values{"code": {"{"}, "state": {"2"}}},

		{name: "empty body", contentType: JSONType, body: ``},
		{name: "no content type", body: `{"code":"1"}`},
		{name: "resources", contentType: JSONType, body: `{"resource":["a","","b"]}`, want: url.Values{"resource": {"a", "b"}}},
		{name: "one resource", contentType: JSONType, body: `{"resource":"a"}`, want: url.Values{"resource": {"a"}}},
		{name: "no resource", contentType: JSONType, body: `{"resource":[],"code":"1"}`, want: url.Values{"code": {"1"}}},
		{name: "null resource", contentType: JSONType, body: `{"resource":null}`},
		{name: "null among resources", contentType: JSONType, body: `{"resource":["a",null]}`},
		{name: "number among resources", contentType: JSONType, body: `{"resource":["a",1]}`},
		{name: "array of resources among resources", contentType: JSONType, body: `{"resource":[["a"]]}`},
		{name: "text", contentType: "text/plain", body: `{"code":"1"}`},
		{name: "array", contentType: JSONType, body: `[{"code":"1"}]`},
		{name: "string", contentType: JSONType, body: `"code=1"`},
		{name: "null", contentType: JSONType, body: `null`},
		{name: "number member", contentType: JSONType, body: `{"code":1}`},
		{name: "null member", contentType: JSONType, body: `{"code":null}`},
		{name: "boolean member", contentType: JSONType, body: `{"code":true}`},
		{name: "array member", contentType: JSONType, body: `{"code":["1"]}`},
		{name: "object member", contentType: JSONType, body: `{"code":{"a":"1"}}`},
		{name: "unfinished unknown member", contentType: JSONType, body: `{"code":"1","x":[1`},
		{name: "deep nesting", contentType: JSONType, body: `{"code":` + strings.Repeat("[", 10000)},
		{name: "duplicate key", contentType: JSONType, body: `{"code":"1","code":"1"}`},
		{name: "duplicate key, one empty", contentType: JSONType, body: `{"code":"","code":"1"}`},
		{name: "duplicate key, escaped", contentType: JSONType, body: `{"code":"1","c\u006fde":"2"}`},
		{name: "trailing object", contentType: JSONType, body: `{"code":"1"}{"code":"2"}`},
		{name: "trailing text", contentType: JSONType, body: `{"code":"1"}x`},
		{name: "trailing comma", contentType: JSONType, body: `{"code":"1",}`},
		{name: "unfinished", contentType: JSONType, body: `{"code":"1"`},
		{name: "missing colon", contentType: JSONType, body: `{"code" "1"}`},
		{name: "missing comma", contentType: JSONType, body: `{"code":"1" "state":"2"}`},
		{name: "byte order mark", contentType: JSONType, body: "\ufeff" + `{"code":"1"}`},
		{name: "UTF-16", contentType: JSONType, body: "{\x00\"\x00c\x00\"\x00:\x00\"\x001\x00\"\x00}\x00"},
		{name: "invalid UTF-8", contentType: JSONType, body: "{\"code\":\"\xff\"}"},
		{name: "half a surrogate pair", contentType: JSONType, body: `{"code":"\ud800"}`},
		{name: "NUL", contentType: JSONType, body: `{"code":"\u0000"}`},
		{name: "too large", contentType: JSONType, body: `{"code":"` + strings.Repeat("1", MaxBody) + `"}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			params, refusal := ReadFormOrJSON(httptest.NewRecorder(), post(tt.contentType, "/", tt.body), testParams)
			if tt.want != nil {
				require.Nil(t, refusal)
				require.Equal(t, tt.want, params.Values())
				return
			}
			require.NotNil(t, refusal)
			require.Nil(t, params)
			require.Equal(t, InvalidRequest, refusal.Code)
		})
	}
}

// formOracle is what reading a form has to return, by way of package net/url;
// nil: a refusal.
func formOracle(body string) url.Values {
	form, count := url.Values{}, map[string]int{}
	for pair := range strings.SplitSeq(body, "&") {
		name, value, _ := strings.Cut(strings.ReplaceAll(pair, ";", "%3b"), "=")
		name, err := url.QueryUnescape(name)
		if err != nil || !slices.Contains(testParams, name) {
			continue
		}
		parsed, err := url.ParseQuery("v=" + value)
		value = parsed.Get("v")
		count[name]++
		if err != nil || count[name] > 1 && name != "resource" || name != "state" && !IsText(value) {
			return nil
		}
		if value != "" {
			form.Add(name, value)
		}
	}
	return form
}

func FuzzReadForm(f *testing.F) {
	for _, seed := range []string{
		"a=1&b=2", "a&a", "a=%zz", "a=;", "resource=a&resource=b", "resource=&resource=b&resource", "a=%00", "%ff=1", "=", "a=1&&b=2&",
		"a=1&%61=2", "a=1=2", "a+b=c+d", "%3b=1", "x=1&x=%zz&a=1", "state=%ff&a", "a=1;b=2",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		if len(body) > MaxBody {
			return
		}
		form, refusal := ReadForm(httptest.NewRecorder(), post(FormType, "/", body), testParams)
		want := formOracle(body)
		require.Equal(t, want == nil, refusal != nil)
		if refusal != nil {
			require.Nil(t, form)
			require.Equal(t, PlainText(refusal.Description), refusal.Description)
			return
		}
		require.Equal(t, want, form.Values())
		for name := range want {
			require.Equal(t, want.Get(name), form.Get(name))
		}
	})
}

func FuzzParseJSON(f *testing.F) {
	for _, seed := range []string{
		`{}`, `{"a":"1"}`, `{"a":"1","a":"2"}`, `{"a":"",}`, `{"a":1}`, `[]`, `{"a":"\ud800"}`, "\ufeff{}", `{"a":"1"}{}`,
		`{"x":[{}],"a":"1","y":1e999}`, `{"A":"1","a":null}`, `{"x":1,"x":"","b":"é"}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		params, refusal := ParseJSON(string(body), testParams)
		var object map[string]json.RawMessage
		if err := json.Unmarshal(body, &object); err != nil || object == nil {
			require.NotNil(t, refusal)
			return
		}
		for _, name := range testParams {
			if member, sent := object[name]; sent && member[0] != '"' {
				return // refused, unless one of the same name before it was right
			}
		}
		if refusal != nil {
			require.Regexp(t, "^parameter that is no string", refusal.Description) // before one that is
			return
		}
		for _, name := range testParams {
			var value string
			if member, sent := object[name]; sent {
				require.NoError(t, json.Unmarshal(member, &value))
			}
			if params.Count(name) <= 1 {
				require.Equal(t, value, params.Get(name))
			}
		}
		for _, param := range params {
			require.Contains(t, testParams, param.Name)
		}
	})
}

// The query string of one request can hold a hundred thousand empty parameters,
// so that none is compared with all others. This takes milliseconds, and ten
// seconds otherwise.
func TestManyEmptyParametersTakeNoTime(t *testing.T) {
	raw := strings.Repeat("state=&", 60_000)
	began := time.Now()
	params, refusal := ParseForm(raw, []string{"state"})
	require.Less(t, time.Since(began), 2*time.Second)
	require.Nil(t, refusal)
	require.Equal(t, InvalidRequest, params.Check([]string{"state"}).Code)
}
