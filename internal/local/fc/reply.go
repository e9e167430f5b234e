package fc

import "net/http"

// writeError answers in the platform's form, which its SDKs read: Code, Message and
// the request's ID, which is in the header too.
func writeError(w http.ResponseWriter, status int, code, message string) {
	id := w.Header().Get(headerRequestID)
	if id == "" {
		id = newID("1")
		w.Header().Set(headerRequestID, id)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	w.Write(marshal(map[string]string{"Code": code, "Message": message, "RequestId": id}))
}
