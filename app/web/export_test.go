package web

import (
	"context"
	"io"
	"log/slog"

	"github.com/gofiber/fiber/v2"
)

// Stream answers as an export does.
func Stream(c *fiber.Ctx, done context.CancelFunc, write func(io.Writer) error) error {
	s := &Server{cfg: Config{Logger: slog.New(slog.DiscardHandler)}}
	return s.stream(&exchange{c: c}, done, write)
}
