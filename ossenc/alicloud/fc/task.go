package fc

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"net/url"

	"bucketwarden/ossenc/alicloud"
	"bucketwarden/ossenc/alicloud/openapi"
)

// ValidTaskID reports whether Function Compute takes s as a task ID: at most 128
// of A-Z, a-z, 0-9, _ and -, the first a letter or _.
func ValidTaskID(s string) bool {
	if s == "" || len(s) > 128 || s[0] >= '0' && s[0] <= '9' || s[0] == '-' {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '_' && c != '-' {
			return false
		}
	}
	return true
}

// State is what Function Compute says of an asynchronous task.
type State string

// Active reports whether the task waits, runs, is retried or has succeeded: it needs
// no second start.
func (s State) Active() bool {
	switch s {
	case "Enqueued", "Dequeued", "Running", "Succeeded", "Retrying":
		return true
	}
	return false
}

// Task is what Function Compute says of an asynchronous task.
type Task struct {
	State State
	// Payload is what the task was started with; nil where the answer does not have it.
	Payload []byte
}

// Task returns an asynchronous task; found is false where Function Compute knows no
// task of this ID. It reads the list of tasks that begin with the ID, because the list
// says "none" with an answer, and the error code for one task that does not exist is
// not published.
func (c *Client) Task(ctx context.Context, f Function, taskID string) (task Task, found bool, err error) {
	endpoint, err := c.at(ctx, opTasks, f)
	if err != nil {
		return Task{}, false, err
	}
	call := openapi.Call{
		Endpoint: endpoint, Action: opTasks, Subject: "task " + taskID + " of function " + f.Name,
		Method: http.MethodGet, Path: "/" + version + "/functions/" + f.Name + "/async-tasks",
		Query: url.Values{"qualifier": {cmp.Or(f.Qualifier, "LATEST")}, "prefix": {taskID}, "limit": {"100"}, "includePayload": {"true"}},
	}
	answer, err := c.api.Do(ctx, call)
	if err != nil {
		return Task{}, false, err
	}
	var a struct {
		Tasks     *[]struct{ TaskID, Status, TaskPayload string }
		NextToken string
	}
	if answer.Status != http.StatusOK || alicloud.IsAmbiguous(answer.Body) || json.Unmarshal(answer.Body, &a) != nil || a.Tasks == nil {
		return Task{}, false, openapi.Unreadable(ctx, call)
	}
	for _, t := range *a.Tasks {
		if t.TaskID == taskID && t.Status != "" {
			task = Task{State: State(t.Status)}
			if t.TaskPayload != "" {
				task.Payload = []byte(t.TaskPayload)
			}
			return task, true, nil
		}
	}
	if len(*a.Tasks) > 0 || a.NextToken != "" { // it may be behind those
		return Task{}, false, openapi.Unreadable(ctx, call)
	}
	return Task{}, false, nil
}
