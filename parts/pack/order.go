package pack

import (
	"context"
	"errors"
	"sync"
)

// queued is how many items of inOrder wait for their turn.
const queued = 1

// slot is an item on its way through inOrder.
type slot[I, O any] struct {
	in   I
	out  O
	err  error
	done chan struct{}
}

// inOrder gives each item that source emits to work, in several goroutines, and
// the results to sink, in the order of the items and in this goroutine. The
// first error ends all: emit tells source of it, and work its context.
func inOrder[I, O any](ctx context.Context, workers int, source func(emit func(I) error) error, work func(context.Context, I) (O, error), sink func(O) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	todo := make(chan *slot[I, O])
	order := make(chan *slot[I, O], workers+queued)
	var running sync.WaitGroup
	running.Go(func() {
		defer close(order)
		defer close(todo)
		err := source(func(in I) error {
			s := &slot[I, O]{in: in, done: make(chan struct{})}
			if !send(ctx, order, s) || !send(ctx, todo, s) {
				return context.Cause(ctx)
			}
			return nil
		})
		if err != nil {
			cancel(err)
		}
	})
	for range workers {
		running.Go(func() {
			for s := range todo {
				if s.err = ctx.Err(); s.err == nil {
					s.out, s.err = work(ctx, s.in)
				}
				close(s.done)
			}
		})
	}
	err := drainOrder(ctx, order, sink)
	if err != nil {
		cancel(err)
	}
	for range order { // what is left has no reader
	}
	running.Wait()
	if cause := context.Cause(ctx); cause != nil && (err == nil || errors.Is(err, context.Canceled)) {
		return cause
	}
	return err
}

func drainOrder[I, O any](ctx context.Context, order <-chan *slot[I, O], sink func(O) error) error {
	for s := range order {
		select {
		case <-s.done:
		case <-ctx.Done():
			return ctx.Err()
		}
		if s.err != nil {
			return s.err
		}
		if err := sink(s.out); err != nil {
			return err
		}
	}
	return nil
}

// send reports whether the item was taken before the context ended.
func send[T any](ctx context.Context, to chan<- T, item T) bool {
	select {
	case to <- item:
		return true
	case <-ctx.Done():
		return false
	}
}

// What goes from one goroutine to another together: each time costs as much as
// the work on some small files.
const (
	batchSize = 1 << 20  // bytes of content
	itemSize  = 16 << 10 // that an item counts as, on top of its content
)

// inBatches is inOrder for many small items of a size each.
func inBatches[I, O any](ctx context.Context, workers int, size func(I) int64, source func(emit func(I) error) error, work func(context.Context, I) (O, error), sink func(O) error) error {
	return inOrder(ctx, workers,
		func(emit func([]I) error) error {
			var batch []I
			var total int64
			err := source(func(in I) error {
				batch, total = append(batch, in), total+size(in)+itemSize
				if total < batchSize {
					return nil
				}
				full := batch
				batch, total = nil, 0
				return emit(full)
			})
			if err != nil || len(batch) == 0 {
				return err
			}
			return emit(batch)
		},
		func(ctx context.Context, batch []I) ([]O, error) {
			list := make([]O, len(batch))
			for n, in := range batch {
				var err error
				if list[n], err = work(ctx, in); err != nil {
					return nil, err
				}
			}
			return list, ctx.Err()
		},
		func(list []O) error {
			for _, out := range list {
				if err := sink(out); err != nil {
					return err
				}
			}
			return nil
		})
}
