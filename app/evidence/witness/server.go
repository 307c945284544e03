package witness

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"time"

	"golang.org/x/net/netutil"

	"kokoroe/app/evidence"
)

const (
	sizeType       = "text/x.tlog.size"
	maxConnections = 64
	stopWait       = 5 * time.Second
)

// statuses are those of C2SP tlog-witness.
var statuses = map[evidence.WitnessReason]int{
	evidence.RefusedMalformed: http.StatusBadRequest, evidence.RefusedLog: http.StatusNotFound, evidence.RefusedSignature: http.StatusForbidden,
	evidence.RefusedSize: http.StatusConflict, evidence.RefusedProof: http.StatusUnprocessableEntity,
}

// Handler answers POST /add-checkpoint. What is refused although the log signed
// it may be proof that the log misbehaved: it goes to the logger whole.
func (w *Witness) Handler(logger *slog.Logger) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /add-checkpoint", func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("X-Content-Type-Options", "nosniff")
		rw.Header().Set("Cache-Control", "no-store")
		body, err := io.ReadAll(http.MaxBytesReader(rw, r.Body, MaxRequest))
		if err != nil {
			http.Error(rw, "the request is too large or broke off", http.StatusBadRequest)
			return
		}
		request, err := ParseRequest(body)
		var line []byte
		if err == nil {
			line, err = w.Cosign(request)
		}
		if err != nil {
			answer(rw, err)
			logger.Warn("not cosigned", slog.String("cause", err.Error()), slog.String("from", r.RemoteAddr), slog.String("request", evident(err, body)))
			return
		}
		rw.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = rw.Write(line)
		logger.Info("cosigned", slog.String("checkpoint", string(request.Checkpoint)))
	})
	return mux
}

// evident is the request where the log's own key has signed it; a stranger's is
// not worth the room.
func evident(err error, body []byte) string {
	refusal, ok := errors.AsType[*evidence.WitnessRefusal](err)
	if ok && (refusal.Reason == evidence.RefusedSize || refusal.Reason == evidence.RefusedProof) {
		return string(body)
	}
	return ""
}

func answer(rw http.ResponseWriter, err error) {
	refusal, ok := errors.AsType[*evidence.WitnessRefusal](err)
	switch {
	case !ok: // nothing could be remembered: the cause is nobody else's business
		http.Error(rw, "the witness cannot save its state", http.StatusServiceUnavailable)
	case refusal.Reason == evidence.RefusedSize:
		rw.Header().Set("Content-Type", sizeType)
		rw.WriteHeader(http.StatusConflict)
		_, _ = rw.Write([]byte(strconv.FormatInt(refusal.Size, 10) + "\n"))
	default:
		http.Error(rw, refusal.Reason.String(), statuses[refusal.Reason])
	}
}

// Serve answers on ln until ctx ends, then lets what has begun finish. Whoever
// is slow is cut off.
func (w *Witness) Serve(ctx context.Context, ln net.Listener, logger *slog.Logger) error {
	server := &http.Server{
		Handler:           w.Handler(logger),
		ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: 15 * time.Second, IdleTimeout: time.Minute,
		MaxHeaderBytes: 8 << 10, ErrorLog: slog.NewLogLogger(logger.Handler(), slog.LevelDebug),
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(netutil.LimitListener(ln, maxConnections)) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopWait)
	defer cancel()
	if err := server.Shutdown(stopping); err != nil {
		return errors.Join(err, server.Close())
	}
	if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
