package mongodb

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"kokoroe/app/calendar"
	"kokoroe/app/directory"
	"kokoroe/app/fault"
)

var (
	errOtherRoster = errors.New("the roster has changed meanwhile")
	errTwice       = errors.New("the change holds one ID twice")
	errSameNumber  = errors.New("two people would have the same number")
)

// importLimit is how many times as long as another call an import may take.
const importLimit = 12

// changeDocument says that the versions of a revision which bear this name
// count. Inserting it is the commit of an import.
type changeDocument struct {
	Header   `bson:",inline"`
	Revision int64  `bson:"_id"`
	Change   string `bson:"change"`
}

func (d changeDocument) value() changeDocument { return d }

// Mark is what a version of a person or department belongs to.
type Mark struct {
	Change   string `bson:"change"`
	Revision int64  `bson:"revision"`
}

func (m Mark) of() Mark { return m }

type stayDocument struct {
	Department directory.DepartmentID `bson:"department,omitempty"`
	From       int64                  `bson:"from,omitempty"`
	Until      int64                  `bson:"until,omitempty"`
}

func (d stayDocument) period() calendar.Period {
	return calendar.Period{From: date(d.From), Until: date(d.Until)}
}

type personDocument struct {
	Header      `bson:",inline"`
	Mark        `bson:",inline"`
	ID          directory.PersonID   `bson:"id"`
	Number      string               `bson:"number"`
	Name        string               `bson:"name"`
	Kana        string               `bson:"kana"`
	Mail        string               `bson:"mail"`
	Employment  directory.Employment `bson:"employment"`
	Post        string               `bson:"post"`
	JoinedOn    int64                `bson:"joined_on"`
	LeftOn      int64                `bson:"left_on"`
	Leaves      []stayDocument       `bson:"leaves,omitempty"`
	Memberships []stayDocument       `bson:"memberships,omitempty"`
	Gone        bool                 `bson:"gone,omitempty"` // erased: the version says nothing else
}

func (d personDocument) value() personDocument { return d }

func (d personDocument) person() directory.Person {
	p := directory.Person{ID: d.ID, Number: d.Number, Name: d.Name, Kana: d.Kana, Mail: d.Mail, Employment: d.Employment, Post: d.Post,
		JoinedOn: date(d.JoinedOn), LeftOn: date(d.LeftOn)}
	for _, l := range d.Leaves {
		p.Leaves = append(p.Leaves, l.period())
	}
	for _, m := range d.Memberships {
		p.Memberships = append(p.Memberships, directory.Membership{Department: m.Department, Period: m.period()})
	}
	return p
}

type departmentDocument struct {
	Header     `bson:",inline"`
	Mark       `bson:",inline"`
	ID         directory.DepartmentID `bson:"id"`
	Name       string                 `bson:"name"`
	Parent     directory.DepartmentID `bson:"parent"`
	Position   int64                  `bson:"position"`
	OutOfScope bool                   `bson:"out_of_scope"`
}

func (d departmentDocument) value() departmentDocument { return d }

func (d departmentDocument) department() directory.Department {
	return directory.Department{ID: d.ID, Name: d.Name, Parent: d.Parent, Order: int(d.Position), OutOfScope: d.OutOfScope}
}

// RosterRevision implements directory.Store.
func (s *Store) RosterRevision(ctx context.Context) (int64, error) {
	var revision int64
	err := s.call(ctx, "roster", func(ctx context.Context) (err error) {
		revision, err = s.revision(ctx)
		return err
	})
	return revision, err
}

func (s *Store) revision(ctx context.Context) (int64, error) {
	var d changeDocument
	err := s.change.FindOne(ctx, bson.D{}, options.FindOne().SetSort(is("_id", -1)).SetProjection(is("_id", 1))).Decode(&d)
	if errors.Is(err, mongo.ErrNoDocuments) {
		return 0, nil
	}
	return d.Revision, err
}

// changes are the revisions that count, and the newest.
type changes struct {
	names  map[int64]string
	newest int64
}

func (s *Store) changes(ctx context.Context) (changes, error) {
	list, err := drain[changeDocument](ctx, s.change, bson.D{})
	c := changes{names: make(map[int64]string, len(list))}
	for _, d := range list {
		c.names[d.Revision] = d.Change
		c.newest = max(c.newest, d.Revision)
	}
	return c, err
}

// count reports whether a version belongs to an import that was committed.
func (c changes) count(m Mark) bool { return c.names[m.Revision] == m.Change && m.Revision > 0 }

// Roster implements directory.Store. What is read is of one revision: when the
// newest is another afterwards, a version may have been removed meanwhile, and
// everything is read again.
func (s *Store) Roster(ctx context.Context) (directory.Snapshot, error) {
	var snapshot directory.Snapshot
	err := s.callFor(ctx, importLimit*s.limit, "roster", func(ctx context.Context) error {
		for {
			var err error
			if snapshot, err = s.readRoster(ctx); err != nil {
				return err
			}
			now, err := s.revision(ctx)
			if err != nil || now == snapshot.Revision {
				return err
			}
		}
	})
	if err != nil {
		return directory.Snapshot{}, err
	}
	snapshot.Arrange()
	return snapshot, nil
}

func (s *Store) readRoster(ctx context.Context) (directory.Snapshot, error) {
	c, err := s.changes(ctx)
	if err != nil {
		return directory.Snapshot{}, err
	}
	snapshot := directory.Snapshot{Revision: c.newest}
	departments, err := drain[departmentDocument](ctx, s.department, bson.D{})
	if err != nil {
		return snapshot, err
	}
	for _, d := range newestOf(departments, c, func(d departmentDocument) directory.DepartmentID { return d.ID }) {
		snapshot.Departments = append(snapshot.Departments, d.department())
	}
	people, err := drain[personDocument](ctx, s.person, bson.D{})
	if err != nil {
		return snapshot, err
	}
	for _, d := range newestOf(people, c, func(d personDocument) directory.PersonID { return d.ID }) {
		if !d.Gone {
			snapshot.People = append(snapshot.People, d.person())
		}
	}
	return snapshot, nil
}

// newestOf keeps, of each ID, the newest version that counts.
func newestOf[D interface{ of() Mark }, ID comparable](list []D, c changes, id func(D) ID) map[ID]D {
	kept := make(map[ID]D, len(list))
	for _, d := range list {
		if old, ok := kept[id(d)]; c.count(d.of()) && (!ok || old.of().Revision < d.of().Revision) {
			kept[id(d)] = d
		}
	}
	return kept
}

// ApplyRoster implements directory.Store.
func (s *Store) ApplyRoster(ctx context.Context, base int64, change directory.Change) (int64, error) {
	return s.applyRoster(ctx, base, base+1, change)
}

// applyRoster makes of revision base the revision next.
func (s *Store) applyRoster(ctx context.Context, base, next int64, change directory.Change) (int64, error) {
	m := Mark{Change: rand.Text(), Revision: next}
	people, err := personDocuments(m, change.People)
	if err != nil {
		return 0, err
	}
	departments, err := departmentDocuments(m, change.Departments)
	if err != nil {
		return 0, err
	}
	err = s.callFor(ctx, importLimit*s.limit, "revision", func(ctx context.Context) error {
		c, err := s.changes(ctx)
		if err != nil {
			return err
		}
		if c.newest != base {
			return conflict(errOtherRoster)
		}
		stray, err := s.checkNumbers(ctx, c, people)
		if err != nil {
			return err
		}
		if err = errors.Join(stage(ctx, s.department, departments), stage(ctx, s.person, people)); err != nil {
			s.tidy(ctx, "an import that failed", []string{m.Change})
			return err
		}
		if err := s.commit(ctx, m); err != nil {
			return err
		}
		s.tidy(ctx, "imports that ended half-way", stray)
		s.removeOld(ctx, m.Revision, people, departments)
		return nil
	})
	if fault.Is(err, fault.Conflict) {
		return 0, conflict(errOtherRoster)
	}
	if err != nil {
		return 0, err
	}
	return m.Revision, nil
}

// commit makes the versions of a change count.
func (s *Store) commit(ctx context.Context, m Mark) error {
	_, err := s.change.InsertOne(ctx, changeDocument{Header: current, Revision: m.Revision, Change: m.Change})
	if mongo.IsDuplicateKeyError(err) { // with another error, it may stand there all the same
		s.tidy(ctx, "a change that lost", []string{m.Change})
	}
	return err
}

// checkNumbers answers Invalid when two people would have one number, and
// otherwise which changes left versions behind and were never committed.
func (s *Store) checkNumbers(ctx context.Context, c changes, change []personDocument) (stray []string, err error) {
	there, err := drain[personDocument](ctx, s.person, bson.D{},
		options.Find().SetProjection(is("v", 1, "change", 1, "revision", 1, "id", 1, "number", 1, "gone", 1)))
	if err != nil {
		return nil, err
	}
	all := newestOf(there, c, func(d personDocument) directory.PersonID { return d.ID })
	for _, d := range change {
		all[d.ID] = d
	}
	numbers := make(map[string]bool, len(all))
	for _, d := range all {
		if d.Gone {
			continue
		}
		if numbers[d.Number] {
			return nil, invalid(errSameNumber)
		}
		numbers[d.Number] = true
	}
	for _, d := range there {
		if !c.count(d.Mark) && d.Revision <= c.newest && !slices.Contains(stray, d.Change) {
			stray = append(stray, d.Change)
		}
	}
	return stray, nil
}

// stage inserts versions that do not count yet.
func stage[D any](ctx context.Context, c *mongo.Collection, list []D) error {
	for some := range slices.Chunk(list, maxListed) {
		if _, err := c.InsertMany(ctx, some, options.InsertMany().SetOrdered(false)); err != nil {
			return err
		}
	}
	return nil
}

// tidy removes versions that will never count. Nothing but the size of the
// database depends on it.
func (s *Store) tidy(ctx context.Context, what string, changes []string) {
	if len(changes) == 0 {
		return
	}
	for _, c := range []*mongo.Collection{s.department, s.person} {
		if _, err := c.DeleteMany(ctx, is("change", is("$in", changes))); err != nil {
			s.log.Warn("mongodb: versions stay behind", "of", what, "error", plainCause(err))
		}
	}
}

// removeOld removes what revision replaced.
func (s *Store) removeOld(ctx context.Context, revision int64, people []personDocument, departments []departmentDocument) {
	ids := make([]string, 0, len(people))
	for _, d := range people {
		ids = append(ids, string(d.ID))
	}
	s.removeVersions(ctx, s.person, revision, ids)
	ids = ids[:0]
	for _, d := range departments {
		ids = append(ids, string(d.ID))
	}
	s.removeVersions(ctx, s.department, revision, ids)
}

func (s *Store) removeVersions(ctx context.Context, c *mongo.Collection, before int64, ids []string) {
	for some := range slices.Chunk(ids, maxListed) {
		if _, err := c.DeleteMany(ctx, is("id", is("$in", some), "revision", is("$lt", before))); err != nil {
			s.log.Warn("mongodb: versions stay behind", "of", "the roster before", "error", plainCause(err))
		}
	}
}

func personDocuments(m Mark, people []directory.Person) ([]personDocument, error) {
	list := make([]personDocument, len(people))
	seen := make(map[directory.PersonID]bool, len(people))
	for i, p := range people {
		if err := plain(string(p.ID), p.Number, p.Name, p.Kana, p.Mail, string(p.Employment), p.Post); err != nil {
			return nil, err
		}
		if seen[p.ID] {
			return nil, invalid(errTwice)
		}
		seen[p.ID] = true
		d := personDocument{Header: current, Mark: m, ID: p.ID, Number: p.Number, Name: p.Name, Kana: p.Kana, Mail: p.Mail,
			Employment: p.Employment, Post: p.Post, JoinedOn: day(p.JoinedOn), LeftOn: day(p.LeftOn)}
		for _, l := range p.Leaves {
			d.Leaves = append(d.Leaves, stayDocument{From: day(l.From), Until: day(l.Until)})
		}
		for _, m := range p.Memberships {
			if err := plain(string(m.Department)); err != nil {
				return nil, err
			}
			d.Memberships = append(d.Memberships, stayDocument{Department: m.Department, From: day(m.From), Until: day(m.Until)})
		}
		list[i] = d
	}
	return list, nil
}

func departmentDocuments(m Mark, departments []directory.Department) ([]departmentDocument, error) {
	list := make([]departmentDocument, len(departments))
	seen := make(map[directory.DepartmentID]bool, len(departments))
	for i, d := range departments {
		if err := plain(string(d.ID), d.Name, string(d.Parent)); err != nil {
			return nil, err
		}
		if seen[d.ID] {
			return nil, invalid(errTwice)
		}
		seen[d.ID] = true
		list[i] = departmentDocument{Header: current, Mark: m, ID: d.ID, Name: d.Name, Parent: d.Parent, Position: int64(d.Order),
			OutOfScope: d.OutOfScope}
	}
	return list, nil
}
