package fc

import (
	"encoding/json"
	"net/http"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"
)

// task is what the platform knows of one asynchronous invocation. Function.mu
// guards it.
type task struct {
	id       string
	state    string
	retries  int
	accepted time.Time
	payload  []byte
}

// Task is an asynchronous invocation, for tests.
type Task struct {
	ID    string
	State string // Enqueued, Running, Retrying, Succeeded or Failed
	// Retries is how many attempts followed the first.
	Retries int
	payload string
}

// Tasks returns the asynchronous invocations so far, in the order of their IDs.
func (f *Function) Tasks() []Task {
	f.mu.Lock()
	defer f.mu.Unlock()
	var all []Task
	for _, t := range f.tasks {
		all = append(all, Task{t.id, t.state, t.retries, string(t.payload)})
	}
	sort.Slice(all, func(i, j int) bool { return all[i].ID < all[j].ID })
	return all
}

func (f *Function) setState(t *task, state string, retries int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	t.state, t.retries = state, retries
}

// serveTasks is ListAsyncTasks: by prefix, with a limit, with payloads if asked for. Without Config.AsyncTask
// the platform keeps no states, and the list is empty; what a live account answers
// then is not published.
func (f *Function) serveTasks(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	limit, err := strconv.Atoi(query.Get("limit"))
	if query.Get("limit") == "" {
		limit, err = 20, nil
	}
	if err != nil || limit < 1 || limit > 100 {
		writeError(w, http.StatusBadRequest, "InvalidArgument", "limit is from 1 to 100")
		return
	}
	list, next := []map[string]any{}, ""
	if f.cfg.AsyncTask {
		for _, t := range f.Tasks() {
			switch {
			case !strings.HasPrefix(t.ID, query.Get("prefix")) || t.ID <= query.Get("nextToken"):
			case len(list) == limit:
				next = list[limit-1]["taskId"].(string)
			default:
				one := map[string]any{"taskId": t.ID, "status": t.State, "alreadyRetriedTimes": t.Retries}
				if query.Get("includePayload") == "true" {
					one["taskPayload"] = t.payload
				}
				list = append(list, one)
			}
		}
	}
	doc := map[string]any{"tasks": list}
	if next != "" {
		doc["nextToken"] = next
	}
	w.Header().Set("Content-Type", "application/json")
	w.Write(marshal(doc))
}

// serveConcurrency is PutConcurrencyConfig. A reserved concurrency of 0 is the
// platform's own stop switch: nothing starts, and asynchronous invocations wait.
func (f *Function) serveConcurrency(w http.ResponseWriter, r *http.Request) {
	var input struct {
		ReservedConcurrency *int `json:"reservedConcurrency"`
	}
	if json.NewDecoder(r.Body).Decode(&input) != nil || input.ReservedConcurrency == nil || *input.ReservedConcurrency < 0 {
		writeError(w, http.StatusBadRequest, "InvalidArgument", "reservedConcurrency is a number from 0")
		return
	}
	f.mu.Lock()
	f.disabled = *input.ReservedConcurrency == 0
	f.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	w.Write(marshal(map[string]any{"reservedConcurrency": *input.ReservedConcurrency}))
}

func (f *Function) stoppedByPlatform() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.disabled
}

// validTaskID: a letter or _ first, at most 128 letters, digits, _ and -.
func validTaskID(s string) bool {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_"
	return len(s) <= 128 && strings.ContainsAny(s[:1], letters) &&
		!slices.ContainsFunc([]byte(s), func(c byte) bool { return !strings.Contains(letters+"0123456789-", string(c)) })
}
