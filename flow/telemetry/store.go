package telemetry

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"github.com/oauthapps/oauthapps/oauthapp"
	"github.com/oauthapps/oauthapps/oauthapp/credential"
	"github.com/oauthapps/oauthapps/store"
)

// Store returns a store whose calls are observed, for flow.Config.Store and
// store.Cleaner. With the zero Config it returns s. Methods that a backend has
// beyond store.Store, such as Ping, are called on s itself. It returns an error
// if the MeterProvider refuses an instrument.
func Store(s store.Store, cfg Config) (store.Store, error) {
	if cfg.off() {
		return s, nil
	}
	o := &observed{Store: s, tracer: cfg.tracer()}
	if err := o.instrument(cfg.meter()); err != nil {
		return nil, fmt.Errorf("telemetry: Config.MeterProvider: %w", err)
	}
	return o, nil
}

// observed is a store whose calls are observed.
type observed struct {
	store.Store
	tracer   trace.Tracer
	duration metric.Float64Histogram
	removed  metric.Int64Counter
	passes   metric.Float64Histogram

	mu         sync.Mutex
	passBegan  time.Time
	passEnded  time.Time
	underWay   bool // a pass that was followed from its beginning
	nextCursor string
}

func (s *observed) instrument(meter metric.Meter) error {
	var errs [4]error
	s.duration, errs[0] = histogram(meter, "oauthapps.store.call.duration", "Calls of the store.")
	s.removed, errs[1] = meter.Int64Counter("oauthapps.cleanup.removed", metric.WithUnit("{row}"), metric.WithDescription("Rows that the clean-up removed."))
	s.passes, errs[2] = meter.Float64Histogram("oauthapps.cleanup.pass.duration", metric.WithUnit("s"), metric.WithDescription("Passes of the clean-up."),
		metric.WithExplicitBucketBoundaries(0.1, 1, 10, 60, 300, 900, 1800, 3600, 7200, 14400, 43200, 86400))
	_, errs[3] = meter.Float64ObservableGauge("oauthapps.cleanup.pass.age", metric.WithUnit("s"),
		metric.WithDescription("Time since the last pass of the clean-up ended."), metric.WithFloat64Callback(s.observeAge))
	return errors.Join(errs[:]...)
}

func (s *observed) observeAge(_ context.Context, o metric.Float64Observer) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.passEnded.IsZero() {
		o.Observe(time.Since(s.passEnded).Seconds())
	}
	return nil
}

// CleanUp implements [store.Store].
func (s *observed) CleanUp(ctx context.Context, now time.Time, cursor string, limit int) (next string, removed int, err error) {
	ctx, end := s.call(ctx, "CleanUp")
	defer end(&err)
	began := time.Now()
	next, removed, err = s.Store.CleanUp(ctx, now, cursor, limit)
	s.removed.Add(ctx, int64(removed))
	if pass, whole := s.cleanedUp(began, cursor, next, err); whole {
		s.passes.Record(ctx, pass.Seconds())
	}
	return next, removed, err
}

// cleanedUp follows a pass through its batches, each of which begins where the
// one before ended, and returns how long a whole one took.
func (s *observed) cleanedUp(began time.Time, cursor, next string, err error) (pass time.Duration, whole bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if cursor == "" {
		s.passBegan, s.underWay = began, true
	} else if cursor != s.nextCursor {
		s.underWay = false
	}
	s.nextCursor = next
	if err != nil || next != "" || !s.underWay {
		return 0, false
	}
	s.passEnded, s.underWay = time.Now(), false
	return s.passEnded.Sub(s.passBegan), true
}

// call begins the span of a call of the store, and returns what ends it with
// the error of the call.
func (s *observed) call(ctx context.Context, method string) (context.Context, func(*error)) {
	began := time.Now()
	ctx, span := s.tracer.Start(ctx, "store."+method)
	return ctx, func(err *error) {
		result := resultOf(*err)
		attributes := []attribute.KeyValue{methodKey.String(method), resultKey.String(result)}
		s.duration.Record(ctx, time.Since(began).Seconds(), metric.WithAttributes(attributes...))
		defer span.End()
		if !span.IsRecording() {
			return
		}
		span.SetAttributes(attributes...)
		if result == failure {
			span.SetStatus(codes.Error, failure)
		}
	}
}

const failure = "failure"

// resultOf tells the answers that the errors of a store are from its failures.
func resultOf(err error) string {
	if err == nil {
		return ok
	}
	for _, answer := range []struct {
		err  error
		name string
	}{
		{store.ErrNotFound, "not_found"}, {store.ErrExists, "exists"}, {store.ErrConflict, "conflict"}, {store.ErrLimit, "limit"},
		{store.ErrUsed, "used"}, {context.Canceled, "canceled"},
	} {
		if errors.Is(err, answer.err) {
			return answer.name
		}
	}
	return failure
}

func (s *observed) CreateApplication(ctx context.Context, app oauthapp.Application, secret *oauthapp.Secret, limit int) (err error) {
	ctx, end := s.call(ctx, "CreateApplication")
	defer end(&err)
	return s.Store.CreateApplication(ctx, app, secret, limit)
}

func (s *observed) Application(ctx context.Context, owner oauthapp.Owner, id uuid.UUID) (_ oauthapp.Application, err error) {
	ctx, end := s.call(ctx, "Application")
	defer end(&err)
	return s.Store.Application(ctx, owner, id)
}

func (s *observed) ApplicationByClientID(ctx context.Context, owner oauthapp.Owner, clientID string) (_ oauthapp.Application, err error) {
	ctx, end := s.call(ctx, "ApplicationByClientID")
	defer end(&err)
	return s.Store.ApplicationByClientID(ctx, owner, clientID)
}

func (s *observed) Applications(ctx context.Context, owner oauthapp.Owner, page oauthapp.Page) (_ oauthapp.List[oauthapp.Application], err error) {
	ctx, end := s.call(ctx, "Applications")
	defer end(&err)
	return s.Store.Applications(ctx, owner, page)
}

func (s *observed) UpdateApplication(ctx context.Context, owner oauthapp.Owner, app oauthapp.Application) (err error) {
	ctx, end := s.call(ctx, "UpdateApplication")
	defer end(&err)
	return s.Store.UpdateApplication(ctx, owner, app)
}

func (s *observed) SetStanding(ctx context.Context, owner oauthapp.Owner, id uuid.UUID, was, standing oauthapp.Standing) (_ oauthapp.Application, err error) {
	ctx, end := s.call(ctx, "SetStanding")
	defer end(&err)
	return s.Store.SetStanding(ctx, owner, id, was, standing)
}

func (s *observed) TransferApplication(ctx context.Context, owner oauthapp.Owner, id uuid.UUID, to string, limit int) (err error) {
	ctx, end := s.call(ctx, "TransferApplication")
	defer end(&err)
	return s.Store.TransferApplication(ctx, owner, id, to, limit)
}

func (s *observed) DeleteApplication(ctx context.Context, owner oauthapp.Owner, id uuid.UUID, at time.Time) (_ oauthapp.Application, err error) {
	ctx, end := s.call(ctx, "DeleteApplication")
	defer end(&err)
	return s.Store.DeleteApplication(ctx, owner, id, at)
}

func (s *observed) Secrets(ctx context.Context, owner oauthapp.Owner, id uuid.UUID, now time.Time) (_ []oauthapp.Secret, err error) {
	ctx, end := s.call(ctx, "Secrets")
	defer end(&err)
	return s.Store.Secrets(ctx, owner, id, now)
}

func (s *observed) FindSecret(ctx context.Context, digest credential.Digest, now time.Time) (_ oauthapp.Secret, err error) {
	ctx, end := s.call(ctx, "FindSecret")
	defer end(&err)
	return s.Store.FindSecret(ctx, digest, now)
}

func (s *observed) AdoptSecret(ctx context.Context, application, secret uuid.UUID, hash string, digest credential.Digest) (err error) {
	ctx, end := s.call(ctx, "AdoptSecret")
	defer end(&err)
	return s.Store.AdoptSecret(ctx, application, secret, hash, digest)
}

func (s *observed) AddSecret(ctx context.Context, owner oauthapp.Owner, secret oauthapp.Secret, othersExpireAt time.Time, limit int) (err error) {
	ctx, end := s.call(ctx, "AddSecret")
	defer end(&err)
	return s.Store.AddSecret(ctx, owner, secret, othersExpireAt, limit)
}

func (s *observed) RevokeSecret(ctx context.Context, owner oauthapp.Owner, id, secret uuid.UUID, at time.Time) (_ oauthapp.Secret, err error) {
	ctx, end := s.call(ctx, "RevokeSecret")
	defer end(&err)
	return s.Store.RevokeSecret(ctx, owner, id, secret, at)
}

func (s *observed) Usage(ctx context.Context, owner oauthapp.Owner, id uuid.UUID, bound int) (_ oauthapp.Usage, err error) {
	ctx, end := s.call(ctx, "Usage")
	defer end(&err)
	return s.Store.Usage(ctx, owner, id, bound)
}

func (s *observed) RevokeTokens(ctx context.Context, owner oauthapp.Owner, id uuid.UUID, bound int) (_ oauthapp.Usage, err error) {
	ctx, end := s.call(ctx, "RevokeTokens")
	defer end(&err)
	return s.Store.RevokeTokens(ctx, owner, id, bound)
}

func (s *observed) Grants(ctx context.Context, filter oauthapp.GrantFilter, page oauthapp.Page) (_ oauthapp.List[oauthapp.Grant], err error) {
	ctx, end := s.call(ctx, "Grants")
	defer end(&err)
	return s.Store.Grants(ctx, filter, page)
}

func (s *observed) RevokeGrant(ctx context.Context, filter oauthapp.GrantFilter, id uuid.UUID) (_ oauthapp.Grant, err error) {
	ctx, end := s.call(ctx, "RevokeGrant")
	defer end(&err)
	return s.Store.RevokeGrant(ctx, filter, id)
}

func (s *observed) EndGrants(ctx context.Context, filter oauthapp.GrantFilter, cursor string, limit int) (_ string, _ oauthapp.Ended, err error) {
	ctx, end := s.call(ctx, "EndGrants")
	defer end(&err)
	return s.Store.EndGrants(ctx, filter, cursor, limit)
}

func (s *observed) Client(ctx context.Context, clientID string, session uuid.UUID, now time.Time) (_ store.Client, err error) {
	ctx, end := s.call(ctx, "Client")
	defer end(&err)
	return s.Store.Client(ctx, clientID, session, now)
}

func (s *observed) Session(ctx context.Context, id uuid.UUID) (_ store.Session, err error) {
	ctx, end := s.call(ctx, "Session")
	defer end(&err)
	return s.Store.Session(ctx, id)
}

func (s *observed) BeginSession(ctx context.Context, b store.SessionStart) (_ oauthapp.Grant, err error) {
	ctx, end := s.call(ctx, "BeginSession")
	defer end(&err)
	return s.Store.BeginSession(ctx, b)
}

func (s *observed) RedeemCode(ctx context.Context, r store.Redemption) (err error) {
	ctx, end := s.call(ctx, "RedeemCode")
	defer end(&err)
	return s.Store.RedeemCode(ctx, r)
}

func (s *observed) RotateRefreshToken(ctx context.Context, r store.Rotation) (err error) {
	ctx, end := s.call(ctx, "RotateRefreshToken")
	defer end(&err)
	return s.Store.RotateRefreshToken(ctx, r)
}

func (s *observed) EndSession(ctx context.Context, id uuid.UUID) (err error) {
	ctx, end := s.call(ctx, "EndSession")
	defer end(&err)
	return s.Store.EndSession(ctx, id)
}

func (s *observed) Touch(ctx context.Context, u store.Use) (err error) {
	ctx, end := s.call(ctx, "Touch")
	defer end(&err)
	return s.Store.Touch(ctx, u)
}

func (s *observed) Keep(ctx context.Context, r store.Record, now time.Time) (err error) {
	ctx, end := s.call(ctx, "Keep")
	defer end(&err)
	return s.Store.Keep(ctx, r, now)
}

func (s *observed) Look(ctx context.Context, kind string, digest credential.Digest, now time.Time) (_ store.Record, err error) {
	ctx, end := s.call(ctx, "Look")
	defer end(&err)
	return s.Store.Look(ctx, kind, digest, now)
}

func (s *observed) Replace(ctx context.Context, r store.Record, old []byte, now time.Time) (err error) {
	ctx, end := s.call(ctx, "Replace")
	defer end(&err)
	return s.Store.Replace(ctx, r, old, now)
}

func (s *observed) Take(ctx context.Context, kind string, digest credential.Digest, now time.Time) (_ store.Record, err error) {
	ctx, end := s.call(ctx, "Take")
	defer end(&err)
	return s.Store.Take(ctx, kind, digest, now)
}

func (s *observed) CreateAPIToken(ctx context.Context, token oauthapp.APIToken, limit int) (err error) {
	ctx, end := s.call(ctx, "CreateAPIToken")
	defer end(&err)
	return s.Store.CreateAPIToken(ctx, token, limit)
}

func (s *observed) APIToken(ctx context.Context, id uuid.UUID, now time.Time) (_ oauthapp.APIToken, err error) {
	ctx, end := s.call(ctx, "APIToken")
	defer end(&err)
	return s.Store.APIToken(ctx, id, now)
}

func (s *observed) APITokens(ctx context.Context, filter oauthapp.APITokenFilter, page oauthapp.Page, now time.Time) (_ oauthapp.List[oauthapp.APIToken], err error) {
	ctx, end := s.call(ctx, "APITokens")
	defer end(&err)
	return s.Store.APITokens(ctx, filter, page, now)
}

func (s *observed) RevokeAPIToken(ctx context.Context, filter oauthapp.APITokenFilter, id uuid.UUID, now time.Time) (_ oauthapp.APIToken, err error) {
	ctx, end := s.call(ctx, "RevokeAPIToken")
	defer end(&err)
	return s.Store.RevokeAPIToken(ctx, filter, id, now)
}

func (s *observed) EndAPITokens(ctx context.Context, filter oauthapp.GrantFilter, cursor string, limit int) (_ string, _ int, err error) {
	ctx, end := s.call(ctx, "EndAPITokens")
	defer end(&err)
	return s.Store.EndAPITokens(ctx, filter, cursor, limit)
}
