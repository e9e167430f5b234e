// Command fn is the function that localfc's tests run, in both runtimes.
package main

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net/http"
	"os"
	"os/signal"
	"reflect"
	"strconv"
	"strings"
	"syscall"

	"github.com/aliyun/fc-runtime-go-sdk/fc"
	"github.com/aliyun/fc-runtime-go-sdk/fccontext"
)

// request is an event; URL, when set, is fetched first: the test releases the
// invocation by answering.
type request struct {
	Do   string `json:"do"`
	URL  string `json:"url"`
	Text string `json:"text"`
	// RawPath is that of an HTTP trigger event, whose query then says what to do.
	RawPath string            `json:"rawPath"`
	Query   map[string]string `json:"queryParameters"`
	Body    string            `json:"body"`
}

type typedError struct{ text string }

func (e *typedError) Error() string { return e.text }

// seen is what the function knows of its invocation.
type seen struct {
	ID, Secret, Token, EnvID string
	Handler, Memory, Region  string
	Account, Qualifier       string
	Timeout, Retry           int
}

func main() {
	if _, err := os.Stat(os.Getenv("DIE_IF")); err == nil {
		fmt.Print("no reason to live")
		os.Exit(3)
	}
	if os.Getenv("SILENT") != "" {
		select {}
	}
	if how := os.Getenv("ON_TERM"); how != "" {
		term := make(chan os.Signal, 1)
		signal.Notify(term, syscall.SIGTERM)
		go leaveOn(term, how)
	}
	if os.Getenv("FC_RUNTIME_API") == "" {
		serve()
		return
	}
	if os.Getenv("HOOKS") != "" {
		fc.RegisterInitializerFunction(func(context.Context) { initialize() })
		fc.RegisterPreStopFunction(func(context.Context) { fmt.Println("pre-stop") })
	}
	fc.Start(handle)
}

func initialize() {
	if os.Getenv("HOOKS") == "bad" {
		panic("cannot initialize")
	}
	fmt.Println("initialized")
}

func leaveOn(term <-chan os.Signal, how string) {
	for range term {
		if how == "ignore" {
			continue
		}
		fmt.Println("leaving")
		code, err := strconv.Atoi(how)
		if err != nil {
			log.Fatal(err)
		}
		os.Exit(code)
	}
}

func handle(ctx context.Context, event []byte) (json.RawMessage, error) {
	lc, _ := fccontext.FromContext(ctx)
	return do(event, seen{
		ID: lc.Credentials.AccessKeyId, Secret: lc.Credentials.AccessKeySecret,
		Token: lc.Credentials.SecurityToken, Handler: lc.Function.Handler,
		Memory: lc.Function.Memory, Region: lc.Region, Account: lc.AccountId,
		Qualifier: lc.Service.Qualifier, Timeout: lc.Function.Timeout, Retry: lc.RetryCount,
	})
}

func do(event []byte, s seen) (json.RawMessage, error) {
	var r request
	if err := json.Unmarshal(event, &r); err != nil {
		return nil, err
	}
	if r.RawPath != "" {
		r.Do = cmp.Or(r.Query["do"], "mirror")
	}
	if r.URL != "" {
		if resp, err := http.Get(r.URL); err == nil {
			resp.Body.Close()
		}
	}
	return act(r, event, s)
}

func act(r request, event []byte, s seen) (json.RawMessage, error) {
	switch r.Do {
	case "echo":
		return event, nil
	case "mirror":
		return json.Marshal(map[string]any{
			"statusCode": http.StatusOK, "headers": map[string]string{"Content-Type": "application/json"}, "body": string(event),
		})
	case "answer":
		return json.RawMessage(r.Body), nil
	case "error":
		return nil, &typedError{r.Text}
	case "panic":
		panic(r.Text)
	case "exit":
		fmt.Println("last words")
		os.Exit(7)
	case "hang":
		select {}
	case "print":
		fmt.Println(r.Text)
		return json.Marshal("printed")
	case "env":
		return json.Marshal(os.Environ())
	case "seen":
		s.EnvID = os.Getenv("ALIBABA_CLOUD_ACCESS_KEY_ID")
		return json.Marshal(s)
	case "big":
		return json.Marshal(strings.Repeat("x", 8<<20))
	case "flaky":
		if s.Retry < 2 {
			return nil, errors.New("not yet")
		}
		return json.Marshal("at last")
	}
	return nil, fmt.Errorf("unknown action %q", r.Do)
}

// serve is the custom runtime. A ServeMux would redirect unclean paths.
func serve() {
	routes := map[string]http.HandlerFunc{
		"POST /initialize": func(w http.ResponseWriter, _ *http.Request) {
			if os.Getenv("HOOKS") == "bad" {
				http.Error(w, "cannot initialize", http.StatusInternalServerError)
				return
			}
			initialize()
		},
		"GET /pre-stop": func(http.ResponseWriter, *http.Request) { fmt.Println("pre-stop") },
		"POST /invoke":  invoke,
	}
	route := func(w http.ResponseWriter, r *http.Request) {
		if h := routes[r.Method+" "+r.URL.Path]; h != nil && r.Header.Get("x-fc-control-path") == r.URL.Path {
			h(w, r)
			return
		}
		mirror(w, r)
	}
	log.Fatal(http.ListenAndServe(":"+cmp.Or(os.Getenv("FC_CUSTOM_LISTEN_PORT"), "9000"), http.HandlerFunc(route)))
}

func invoke(w http.ResponseWriter, r *http.Request) {
	id := r.Header.Get("x-fc-request-id")
	fmt.Println("FC Invoke Start RequestId:", id)
	body := bufio.NewReader(r.Body)
	event := new(strings.Builder)
	if _, err := body.WriteTo(event); err != nil {
		log.Print(err)
	}
	payload, err := safely(func() (json.RawMessage, error) { return do([]byte(event.String()), seenIn(r.Header)) })
	fmt.Println("FC Invoke End RequestId:", id)
	if err != nil {
		w.Header().Set("x-fc-status", "404")
		w.WriteHeader(http.StatusNotFound)
		payload, _ = json.Marshal(map[string]string{
			"errorMessage": err.Error(), "errorType": reflect.TypeOf(err).Elem().Name(),
		})
	}
	w.Write(payload)
}

func safely(f func() (json.RawMessage, error)) (payload json.RawMessage, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &typedError{fmt.Sprint(p)}
		}
	}()
	return f()
}

func seenIn(h http.Header) seen {
	timeout, _ := strconv.Atoi(h.Get("x-fc-function-timeout"))
	retry, _ := strconv.Atoi(h.Get("x-fc-retry-count"))
	return seen{
		ID: h.Get("x-fc-access-key-id"), Secret: h.Get("x-fc-access-key-secret"),
		Token: h.Get("x-fc-security-token"), Handler: h.Get("x-fc-function-handler"),
		Memory: h.Get("x-fc-function-memory"), Region: h.Get("x-fc-region"),
		Account: h.Get("x-fc-account-id"), Qualifier: h.Get("x-fc-qualifier"), Timeout: timeout, Retry: retry,
	}
}

// mirror answers an HTTP trigger request with what came in.
func mirror(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Query().Get("do") {
	case "exit":
		os.Exit(7)
	case "hang":
		<-r.Context().Done()
		return
	}
	w.Header().Add("Set-Cookie", "a=1")
	w.Header().Add("Set-Cookie", "b=2")
	w.WriteHeader(http.StatusTeapot)
	json.NewEncoder(w).Encode(map[string]any{
		"method": r.Method, "uri": r.RequestURI, "host": r.Host, "header": r.Header,
	})
}
