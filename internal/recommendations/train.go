package recommendations

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/documents"
	"github.com/boxoffice/boxoffice/internal/recommend"
)

// ModelName is the name of our model in the document store.
const ModelName = "films"

const (
	// leastLikings is how many likings a model needs: with fewer, what is popular says more.
	leastLikings = 20
	// leastCases is how many bookings a comparison needs, and leastToChoose how many the choice of
	// options needs.
	leastCases    = 20
	leastToChoose = 200
	// chooseAgain is how old chosen options become: a choice trains several models.
	chooseAgain = 7 * 24 * time.Hour
	// chooseShare is the part of the likings that options are tried on models of; they are judged
	// on the later ones.
	chooseShare = 0.8
	// versionsKept are stored beside the one in use and the one before it.
	versionsKept = 5
)

// What the notes of a version say (documents.Model.Notes), as text.
const (
	noteUntil     = "trained_until" // RFC 3339: what happened before was learned from
	noteLikings   = "likings"
	notePeople    = "people"
	noteFilms     = "films" // that someone likes
	noteCases     = "cases" // bookings that the comparison was made on
	noteNDCG      = "ndcg"
	noteInUse     = "ndcg_in_use"
	noteOptions   = "options"    // recommend.Options, in JSON
	noteOptionsOf = "options_of" // RFC 3339: when they were chosen; missing for the standard ones
	noteDecision  = "decision"   // why it may be used
)

// inUse is the version in use, as far as it can be read.
type inUse struct {
	version   string
	model     *recommend.Model // nil when no model is in use, or it cannot be read
	until     time.Time
	likings   int
	options   recommend.Options
	optionsOf time.Time
	fault     error // why it cannot be read
}

// Measure compares a new model of what happened before req.Until with the version in use, and says
// whether the new one may be used.
//
// Bookings since the version in use was trained are what neither has seen: the new one is trained,
// for this comparison only, on what was before. It is refused when it foretells them worse by more
// than chance (one standard error of the measure). With too few such bookings nothing can be
// measured, and the new one is taken. In both cases it is refused when it has fewer than half of the
// likings of the one in use: a log that was lost must not take a good model along. And it is refused
// with too few likings to say anything.
func (l *Learner) Measure(ctx context.Context, req booking.MeasureRequest, phase func(string)) (booking.MeasuredModel, error) {
	used, err := l.readInUse(ctx)
	if err != nil {
		return booking.MeasuredModel{}, err
	}
	data, err := l.load(ctx, req.Until, phase)
	if err != nil {
		return booking.MeasuredModel{}, err
	}
	measured := booking.MeasuredModel{InUse: used.version}
	measured.Likings, measured.People, measured.Films = sizeOf(data)
	if measured.Likings < leastLikings {
		measured.Refused = fmt.Sprintf("there are %d likings to learn from; a model needs %d", measured.Likings, leastLikings)
		return measured, nil
	}
	if err := l.compare(ctx, data, used, req, &measured, phase); err != nil {
		return booking.MeasuredModel{}, err
	}
	if measured.Refused != "" && req.Anyway {
		measured.Note, measured.Refused = "used anyway, as staff asked: "+measured.Refused, ""
	}
	return measured, nil
}

// compare chooses options, and decides.
func (l *Learner) compare(ctx context.Context, data recommend.Data, used inUse, req booking.MeasureRequest, measured *booking.MeasuredModel, phase func(string)) error {
	moment := req.Until
	if used.model != nil {
		moment = used.until
	}
	onSale, err := l.onSale(ctx, data.Films)
	if err != nil {
		return err
	}
	before, cases := recommend.SplitAt(data, moment, onSale)
	options, chosen, err := l.choose(ctx, before, used, req.Until, onSale, phase)
	if err != nil {
		return err
	}
	text, err := json.Marshal(options)
	if err != nil {
		return fmt.Errorf("recommendations: write the options: %w", err)
	}
	measured.Options, measured.OptionsOf, measured.Cases = string(text), chosen, len(cases.List)
	switch {
	case used.model == nil && used.version != "":
		measured.Note = fmt.Sprintf("version %s cannot be read (%v), so there is nothing to compare with", used.version, used.fault)
		return nil
	case used.model == nil:
		measured.Note = "no model was in use"
		return nil
	case 2*measured.Likings < used.likings:
		measured.Refused = fmt.Sprintf("there are %d likings, less than half of the %d that the model in use learned from: were events lost?", measured.Likings, used.likings)
	case len(cases.List) < leastCases:
		measured.Note = fmt.Sprintf("%d bookings since the model in use was trained are too few to compare by", len(cases.List))
		return nil
	}
	if len(cases.List) < leastCases {
		return nil
	}
	phase(fmt.Sprintf("measure on %d bookings", len(cases.List)))
	candidate, err := recommend.Train(following(ctx, "train to measure", phase), before, options)
	if err != nil {
		return fmt.Errorf("recommendations: train a model to measure: %w", err)
	}
	was, now := used.model.Measure("since the last training", cases), candidate.Measure("since the last training", cases)
	measured.NDCG, measured.NDCGInUse = now.NDCG, was.NDCG
	if measured.Refused == "" {
		measured.Note, measured.Refused = decide(was, now)
	}
	return ctx.Err()
}

// following is a context whose trainings tell how far they are.
func following(ctx context.Context, what string, phase func(string)) context.Context {
	return recommend.WithProgress(ctx, func(doing string, done float64) { phase(fmt.Sprintf("%s: %s, %.0f %%", what, doing, 100*done)) })
}

// decide compares two measures. A difference within one standard error of a measure is chance: the
// same model, trained on a few bookings more or less, makes it.
func decide(was, now recommend.Measure) (note, refused string) {
	refusal := recommend.Refuse(was, now)
	chance := math.Sqrt(was.NDCG * (1 - was.NDCG) / float64(was.Cases))
	switch {
	case refusal == nil:
		return fmt.Sprintf("NDCG@10 is %.4f, and %.4f of the one in use, on %d bookings", now.NDCG, was.NDCG, now.Cases), ""
	case now.NDCG >= was.NDCG-chance:
		return fmt.Sprintf("NDCG@10 is %.4f, which is %.4f of the one in use but for chance (%.4f), on %d bookings", now.NDCG, was.NDCG, chance, now.Cases), ""
	default:
		return "", refusal.Error()
	}
}

// choose gives the options of the new model: those of the one in use while they are not old, and
// else the best ones on the last bookings before the comparison. chosen is zero for standard ones.
func (l *Learner) choose(ctx context.Context, before recommend.Data, used inUse, now time.Time, onSale func(time.Time) []int32, phase func(string)) (o recommend.Options, chosen time.Time, err error) {
	o, chosen = recommend.DefaultOptions(), time.Time{}
	if used.model != nil && !used.optionsOf.IsZero() {
		o, chosen = used.options, used.optionsOf
		if now.Sub(chosen) < chooseAgain {
			return o, chosen, nil
		}
	}
	train, cases := recommend.SplitAt(before, quantile(before, chooseShare), onSale)
	if len(cases.List) < leastToChoose {
		return o, chosen, nil
	}
	phase(fmt.Sprintf("choose options on %d bookings", len(cases.List)))
	best, err := recommend.Choose(following(ctx, "choose options", phase), train, cases, o, recommend.DefaultGrid())
	if err != nil {
		return o, chosen, fmt.Errorf("recommendations: choose options: %w", err)
	}
	return best.Options, now, nil
}

// quantile is the moment before which a share of the likings are.
func quantile(data recommend.Data, share float64) time.Time {
	var times []time.Time
	for _, row := range data.People {
		for _, liking := range row {
			times = append(times, liking.At)
		}
	}
	if len(times) == 0 {
		return time.Time{}
	}
	slices.SortFunc(times, time.Time.Compare)
	return times[int(share*float64(len(times)-1))]
}

// sizeOf counts likings, each film of a person once; people; and films that someone likes.
func sizeOf(data recommend.Data) (likings, people, films int) {
	liked := map[int32]bool{}
	for _, row := range data.People {
		of := map[int32]bool{}
		for _, liking := range row {
			of[liking.Film], liked[liking.Film] = true, true
		}
		likings += len(of)
	}
	return likings, len(data.People), len(liked)
}

// Train trains a version on what happened before req.Until and stores it. One that is stored, by a
// try whose answer was lost, stays as it is.
func (l *Learner) Train(ctx context.Context, req booking.TrainRequest, phase func(string)) (booking.TrainedModel, error) {
	stored, err := l.store.Models.Read(ctx, ModelName, req.Version)
	if err == nil {
		return booking.TrainedModel{Version: req.Version, Bytes: len(stored.Content), Before: true}, nil
	}
	if booking.CodeOf(err) != booking.CodeNotFound {
		return booking.TrainedModel{}, err
	}
	var options recommend.Options
	if err := json.Unmarshal([]byte(req.Measured.Options), &options); err != nil {
		return booking.TrainedModel{}, booking.Invalid(booking.FieldError{Field: "measured.options", Message: "Give the options as JSON, as they were measured."})
	}
	data, err := l.load(ctx, req.Until, phase)
	if err != nil {
		return booking.TrainedModel{}, err
	}
	phase(fmt.Sprintf("train on %d people and %d films", req.Measured.People, req.Measured.Films))
	model, err := recommend.Train(following(ctx, "train", phase), data, options)
	if err != nil {
		return booking.TrainedModel{}, fmt.Errorf("recommendations: train: %w", err)
	}
	var content bytes.Buffer
	if err := model.Write(&content); err != nil {
		return booking.TrainedModel{}, fmt.Errorf("recommendations: %w", err)
	}
	phase(fmt.Sprintf("store %d bytes", content.Len()))
	err = l.store.Models.Put(ctx, documents.Model{
		Name: ModelName, Version: req.Version, MadeAt: req.Until, Notes: notes(req), Content: content.Bytes(),
	})
	trained := booking.TrainedModel{Version: req.Version, Bytes: content.Len()}
	if booking.CodeOf(err) == booking.CodeConflict {
		trained.Before = true // another try, which was slow and not dead, has stored it meanwhile
		return trained, nil
	}
	return trained, err
}

// notes are what people, and the next training, read of a version.
func notes(req booking.TrainRequest) map[string]string {
	m := req.Measured
	n := map[string]string{
		noteUntil: req.Until.UTC().Format(time.RFC3339Nano), noteLikings: strconv.Itoa(m.Likings), notePeople: strconv.Itoa(m.People),
		noteFilms: strconv.Itoa(m.Films), noteCases: strconv.Itoa(m.Cases), noteOptions: m.Options, noteDecision: m.Note[:min(len(m.Note), 400)],
	}
	if m.NDCG > 0 || m.NDCGInUse > 0 {
		n[noteNDCG], n[noteInUse] = fmt.Sprintf("%.4f", m.NDCG), fmt.Sprintf("%.4f", m.NDCGInUse)
	}
	if !m.OptionsOf.IsZero() {
		n[noteOptionsOf] = m.OptionsOf.UTC().Format(time.RFC3339Nano)
	}
	return n
}

// Use puts a version in use if req.From is in use now, and deletes the oldest versions. The one
// before stays. Codes: conflict, not_found.
func (l *Learner) Use(ctx context.Context, req booking.UseModelRequest) (booking.UsedModel, error) {
	if err := l.store.Models.Swap(ctx, ModelName, req.From, req.To); err != nil {
		return booking.UsedModel{}, err
	}
	pruned, err := l.store.Models.Prune(ctx, ModelName, versionsKept)
	return booking.UsedModel{Pruned: pruned}, err
}

// readInUse reads the version in use. One that is broken, or that another program wrote in a form
// that this one does not know, is no error: a new one has to take its place.
func (l *Learner) readInUse(ctx context.Context) (inUse, error) {
	now, err := l.store.Models.InUse(ctx, ModelName)
	if err != nil || now.Current == "" {
		return inUse{}, err
	}
	used := inUse{version: now.Current}
	stored, err := l.store.Models.Read(ctx, ModelName, now.Current)
	if booking.CodeOf(err) == booking.CodeUnavailable || ctx.Err() != nil {
		return used, errors.Join(err, ctx.Err())
	}
	if err == nil {
		err = used.parse(stored)
	}
	if err != nil {
		l.log.Error("the model in use cannot be read: a new one takes its place", "version", now.Current, "error", err)
		used.model, used.fault = nil, err
	}
	return used, nil
}

func (u *inUse) parse(stored documents.Model) (err error) {
	if u.until, err = time.Parse(time.RFC3339Nano, stored.Notes[noteUntil]); err != nil {
		return fmt.Errorf("its note %s: %w", noteUntil, err)
	}
	if u.likings, err = strconv.Atoi(stored.Notes[noteLikings]); err != nil {
		return fmt.Errorf("its note %s: %w", noteLikings, err)
	}
	if of := stored.Notes[noteOptionsOf]; of != "" {
		if u.optionsOf, err = time.Parse(time.RFC3339Nano, of); err != nil {
			return fmt.Errorf("its note %s: %w", noteOptionsOf, err)
		}
		if err = json.Unmarshal([]byte(stored.Notes[noteOptions]), &u.options); err != nil {
			return fmt.Errorf("its note %s: %w", noteOptions, err)
		}
	}
	u.model, err = recommend.ReadModel(bytes.NewReader(stored.Content))
	return err
}
