package fc

import (
	"cmp"
	"net/http"
	"time"
)

// destination is the payload that a destination receives.
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

// serveAsync accepts k and answers at once. A task ID that is known already is
// refused, where the platform keeps the states of tasks.
func (f *Function) serveAsync(w http.ResponseWriter, k call, taskID string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case f.stopped:
		writeError(w, http.StatusInternalServerError, "InternalServerError", ErrStopped.Error())
		return
	case taskID != "" && !validTaskID(taskID):
		writeError(w, http.StatusBadRequest, "InvalidArgument", "the task ID is not valid")
		return
	case f.cfg.AsyncTask && !f.cfg.IgnoreTaskIDs && taskID != "" && f.tasks[taskID] != nil:
		writeError(w, http.StatusConflict, "AsyncTaskAlreadyExists", "a task with this ID exists")
		return
	}
	t := &task{id: cmp.Or(taskID, k.id), state: "Enqueued", accepted: time.Now(), payload: k.event}
	if f.tasks == nil {
		f.tasks = map[string]*task{}
	}
	f.tasks[t.id] = t
	f.background.Go(func() { f.runAsync(k, t) })
	w.WriteHeader(http.StatusAccepted)
}

// runAsync repeats k until it succeeds or its attempts are used up. While the
// reserved concurrency is 0 it waits.
func (f *Function) runAsync(k call, t *task) {
	for {
		for f.stoppedByPlatform() {
			if !f.pause() {
				return
			}
		}
		f.setState(t, "Running", k.retry)
		r, err := f.outcome(f.async, k)
		if err == nil && r.FunctionError == "" {
			f.setState(t, "Succeeded", k.retry)
			f.succeed(k, r)
			return
		}
		if err != nil {
			r = r.fail(err.Error())
		}
		if k.retry >= f.cfg.MaxAsyncRetryAttempts {
			f.setState(t, "Failed", k.retry)
			f.giveUp(k, r)
			return
		}
		k.retry++
		f.setState(t, "Retrying", k.retry)
		if !f.pause() {
			return
		}
	}
}

// pause waits between two attempts; it returns false if the function was stopped.
func (f *Function) pause() bool {
	select {
	case <-time.After(f.cfg.AsyncRetryPause):
		return true
	case <-f.async.Done():
		return false
	}
}

// succeed hands the answer to the on-success destination.
func (f *Function) succeed(k call, r Result) {
	if f.cfg.OnSuccess != nil {
		f.cfg.OnSuccess(marshal(f.destination(k, r, "Success")))
	}
}

// giveUp hands a failed invocation to the destination, unless it failed
// because the function was stopped.
func (f *Function) giveUp(k call, r Result) {
	if f.cfg.OnFailure == nil || f.async.Err() != nil {
		return
	}
	f.cfg.OnFailure(marshal(f.destination(k, r, r.FunctionError)))
}

func (f *Function) destination(k call, r Result, condition string) destination {
	return destination{
		Timestamp: time.Now().UTC().Format("2006-01-02T15:04:05.000Z"),
		RequestContext: destinationRequest{
			RequestID:   k.id,
			FunctionARN: "acs:fc:" + f.cfg.Region + ":" + f.cfg.AccountID + ":functions/" + f.cfg.FunctionName,
			Condition:   condition,
			InvokeCount: k.retry + 1,
		},
		RequestPayload: string(k.event),
		Response:       destinationAnswer{StatusCode: http.StatusOK, FunctionError: r.FunctionError},
		Payload:        string(r.Payload),
	}
}
