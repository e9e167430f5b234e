package fc

import (
	"net/http"
	"time"
)

// destination is the payload that an on-failure destination receives.
type destination struct {
	Timestamp      string             `json:"timestamp"`
	RequestContext destinationRequest `json:"requestContext"`
	RequestPayload string             `json:"requestPayload"`
	Response       destinationAnswer  `json:"responseContext"`
	Payload        string             `json:"responsePayload"`
}

type destinationRequest struct {
	RequestID   string `json:"requestId"`
	FunctionARN string `json:"functionArn"`
	Condition   string `json:"condition"`
	InvokeCount int    `json:"approximateInvokeCount"`
}

type destinationAnswer struct {
	StatusCode    int    `json:"statusCode"`
	FunctionError string `json:"functionError"`
}

// serveAsync accepts k and answers at once.
func (f *Function) serveAsync(w http.ResponseWriter, k call) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.stopped {
		writeError(w, http.StatusInternalServerError, "InternalServerError", ErrStopped.Error())
		return
	}
	f.background.Go(func() { f.runAsync(k) })
	w.WriteHeader(http.StatusAccepted)
}

// runAsync repeats k until it succeeds or its attempts are used up.
func (f *Function) runAsync(k call) {
	for {
		r, err := f.outcome(f.async, k)
		if err == nil && r.FunctionError == "" {
			return
		}
		if err != nil {
			r = r.fail(err.Error())
		}
		if k.retry >= f.cfg.MaxAsyncRetryAttempts {
			f.giveUp(k, r)
			return
		}
		k.retry++
		select {
		case <-time.After(f.cfg.AsyncRetryPause):
		case <-f.async.Done():
			return
		}
	}
}

// giveUp hands a failed invocation to the destination, unless it failed
// because the function was stopped.
func (f *Function) giveUp(k call, r Result) {
	if f.cfg.OnFailure == nil || f.async.Err() != nil {
		return
	}
	f.cfg.OnFailure(marshal(destination{
		Timestamp: time.Now().UTC().Format("2006-01-02T15:04:05.000Z"),
		RequestContext: destinationRequest{
			RequestID:   k.id,
			FunctionARN: "acs:fc:" + f.cfg.Region + ":" + f.cfg.AccountID + ":functions/" + f.cfg.FunctionName,
			Condition:   r.FunctionError,
			InvokeCount: k.retry + 1,
		},
		RequestPayload: string(k.event),
		Response:       destinationAnswer{StatusCode: http.StatusOK, FunctionError: r.FunctionError},
		Payload:        string(r.Payload),
	}))
}
