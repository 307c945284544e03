package web

import (
	"errors"
	"reflect"
	"regexp"

	"github.com/go-playground/validator/v10"

	"kokoroe/app/fault"
)

// Forms are private structs of strings: `form` names the field, `validate`
// says what shape it has, and `wrong` is the message for the reader when it has
// not. Shapes are checked here; what a value means is for the domain.

var shapes = func() *validator.Validate {
	v := validator.New(validator.WithRequiredStructEnabled())
	v.RegisterTagNameFunc(func(f reflect.StructField) string { return f.Tag.Get("form") })
	digest := regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)
	err := v.RegisterValidation("digest", func(l validator.FieldLevel) bool { return digest.MatchString(l.Field().String()) })
	if err != nil {
		panic(err) // the name is a literal
	}
	return v
}()

// decode fills into, a pointer to a form, from what was posted. Invalid with a
// field for everything that has not its shape; what was typed is in the form
// all the same.
func (x *exchange) decode(into any) error {
	form := reflect.ValueOf(into).Elem()
	for i := range form.NumField() {
		form.Field(i).SetString(x.form(form.Type().Field(i).Tag.Get("form")))
	}
	err := shapes.StructCtx(x.ctx, into)
	wrong, ok := errors.AsType[validator.ValidationErrors](err)
	if !ok {
		return err
	}
	var fields []fault.Field
	for _, w := range wrong {
		field, _ := form.Type().FieldByName(w.StructField())
		fields = append(fields, fault.Field{Name: w.Field(), MessageID: field.Tag.Get("wrong")})
	}
	return fault.InvalidFields(fields...)
}
