package fc

import "net/http"

// writeError answers with the platform's error JSON.
func writeError(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	w.Write(marshal(map[string]string{"errorCode": code, "errorMessage": message}))
}
