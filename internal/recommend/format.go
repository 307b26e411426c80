package recommend

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/binary"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
)

// A model's file is a header and then a gob, packed by gzip. The header is the mark, the version,
// how many bytes follow it, and their SHA-256.
const (
	fileMark    = "BOXRECM\n"
	fileVersion = 1
	// mostBytes is the largest file that is read, and the largest that it may unpack to: 13,000 films
	// with 200 weights each take 21 MB.
	mostBytes = 512 << 20
)

type fileHeader struct {
	Mark    [len(fileMark)]byte
	Version uint32
	Bytes   uint64
	Sum     [sha256.Size]byte
}

// file is what a model keeps. Fields may be added to it; a change of meaning needs a new version.
type file struct {
	Options Options
	Films   []Film
	Counts  []int32
	Weights table
	Tastes  tastes
}

// ErrBroken says that a file is not a model as it was written. The model in use stays, and a new one
// has to be trained.
var ErrBroken = errors.New("the model's file is broken: train a new one")

// Write puts the model into a file of its own.
func (m *Model) Write(w io.Writer) error {
	var packed bytes.Buffer
	zip := gzip.NewWriter(&packed)
	err := gob.NewEncoder(zip).Encode(file{m.options, m.films, m.counts, m.weights, *m.tastes})
	if err = errors.Join(err, zip.Close()); err != nil {
		return fmt.Errorf("pack the model: %w", err)
	}
	if packed.Len() > mostBytes {
		return fmt.Errorf("the model has %d bytes, more than %d: keep fewer weights", packed.Len(), mostBytes)
	}
	header := fileHeader{Version: fileVersion, Bytes: uint64(packed.Len()), Sum: sha256.Sum256(packed.Bytes())}
	copy(header.Mark[:], fileMark)
	if err := binary.Write(w, binary.BigEndian, header); err != nil {
		return fmt.Errorf("write the model: %w", err)
	}
	if _, err := packed.WriteTo(w); err != nil {
		return fmt.Errorf("write the model: %w", err)
	}
	return nil
}

// ReadModel reads what Write wrote. Anything else is [ErrBroken], or an error that names the version.
func ReadModel(r io.Reader) (*Model, error) {
	var header fileHeader
	if err := binary.Read(r, binary.BigEndian, &header); err != nil || string(header.Mark[:]) != fileMark {
		return nil, fmt.Errorf("%w (it does not begin like one)", ErrBroken)
	}
	if header.Version != fileVersion {
		return nil, fmt.Errorf("the model's file has version %d, and this program reads %d: train a new one", header.Version, fileVersion)
	}
	if header.Bytes > mostBytes {
		return nil, fmt.Errorf("%w (it says that it has %d bytes)", ErrBroken, header.Bytes)
	}
	packed, err := io.ReadAll(io.LimitReader(r, int64(header.Bytes)+1))
	if err != nil {
		return nil, fmt.Errorf("read the model: %w", err)
	}
	if uint64(len(packed)) != header.Bytes || sha256.Sum256(packed) != header.Sum {
		return nil, fmt.Errorf("%w (%d bytes that are not those that were written)", ErrBroken, len(packed))
	}
	zip, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, fmt.Errorf("%w (%v)", ErrBroken, err)
	}
	var f file
	if err := gob.NewDecoder(bufio.NewReader(io.LimitReader(zip, mostBytes))).Decode(&f); err != nil {
		return nil, fmt.Errorf("%w (%v)", ErrBroken, err)
	}
	if err := f.check(); err != nil {
		return nil, fmt.Errorf("%w (%v)", ErrBroken, err)
	}
	m := &Model{options: f.Options, films: f.Films, counts: f.Counts, weights: f.Weights, tastes: &f.Tastes}
	m.tastes.prepare()
	m.prepare()
	return m, nil
}

// check finds what would make a score panic.
func (f file) check() error {
	films, facts := len(f.Films), len(f.Tastes.Words)+1
	switch {
	case len(f.Counts) != films, len(f.Weights.Starts) != films+1, len(f.Weights.Films) != len(f.Weights.Weights):
		return errors.New("its tables do not fit each other")
	case len(f.Tastes.Popular) != facts, len(f.Tastes.Known) != facts*(facts+1)/2:
		return errors.New("its facts do not fit each other")
	}
	last := int32(0)
	for _, start := range f.Weights.Starts {
		if start < last || int(start) > len(f.Weights.Films) {
			return errors.New("a column lies outside of the table")
		}
		last = start
	}
	for _, film := range f.Weights.Films {
		if film < 0 || int(film) >= films {
			return errors.New("a weight is for a film that is not there")
		}
	}
	return nil
}
