package web

import (
	"kokoroe/app/directory"
	"kokoroe/app/fault"
	"kokoroe/app/identity"
)

// reach returns the top of what the route reaches for the visitor: "" is the
// whole city. NotFound for a visitor who reaches no department. It comes from
// the session and the roster, never from the request.
func (s *Server) reach(x *exchange) (directory.DepartmentID, error) {
	switch x.relation {
	case identity.All:
		return "", nil
	case identity.Below:
		if d := x.visitor.Person.MembershipOn(s.today()).Department; d != "" {
			return d, nil
		}
	}
	return "", fault.NotFoundf("%s reaches no department", x.person())
}

// reached returns the department if the route reaches it for the visitor.
// What is not reached does not exist: NotFound.
func (s *Server) reached(x *exchange, id directory.DepartmentID) (directory.Department, error) {
	top, err := s.reach(x)
	if err != nil {
		return directory.Department{}, err
	}
	roster, err := s.cfg.Rosters.Current(x.ctx)
	if err != nil {
		return directory.Department{}, err
	}
	d, ok := roster.Department(id)
	if !ok || top != "" && !roster.Within(id, top) {
		return directory.Department{}, fault.NotFoundf("department %q is not within %q", id, top)
	}
	return d, nil
}

// reachedPerson returns the person if the route reaches them for the visitor.
func (s *Server) reachedPerson(x *exchange, id directory.PersonID) (directory.Person, error) {
	roster, err := s.cfg.Rosters.Current(x.ctx)
	if err != nil {
		return directory.Person{}, err
	}
	p, ok := roster.Person(id)
	if !ok {
		return directory.Person{}, fault.NotFoundf("person %q", id)
	}
	_, err = s.reached(x, p.MembershipOn(s.today()).Department)
	return p, err
}
