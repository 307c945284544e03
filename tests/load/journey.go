package main

import (
	"fmt"
	"strings"
	"time"
)

// The steps of a journey, in order. What the provider does is no page of ours,
// and counts in no figure but the journey's.
const (
	stepWelcome step = iota
	stepBegin
	stepProvider
	stepCallback
	stepTasks
	stepCourse
	stepLesson
	stepLessonDone
	stepPracticeStart
	stepPractice
	stepPracticeAnswer
	stepFeedback
	stepCheck
	stepCheckStart
	stepQuestion
	stepAnswer
	stepAnswers
	stepSubmit
	stepResult
	stepPolicy
	stepAcknowledge
	stepReceipt
	stepRecord
	stepOfficeHead
	stepOfficeHR
	steps
)

var stepNames = [steps]string{
	stepWelcome: "GET front page", stepBegin: "POST sign-in", stepProvider: "(provider)", stepCallback: "GET callback",
	stepTasks: "GET tasks", stepCourse: "GET course", stepLesson: "GET lesson", stepLessonDone: "POST lesson",
	stepPracticeStart: "POST practice, start", stepPractice: "GET practice", stepPracticeAnswer: "POST practice",
	stepFeedback: "GET practice, feedback", stepCheck: "GET check, rules",
	stepCheckStart: "POST check, start", stepQuestion: "GET check question", stepAnswer: "POST check answer",
	stepAnswers: "GET check, all answers", stepSubmit: "POST check, hand in", stepResult: "GET result",
	stepPolicy: "GET policy", stepAcknowledge: "POST acknowledgement", stepReceipt: "GET receipt", stepRecord: "GET own record",
	stepOfficeHead: "GET department (head)", stepOfficeHR: "GET whole city (HR)",
}

func (s step) String() string { return stepNames[s] }

// ours reports whether the step counts among the journey's pages.
func (s step) ours() bool { return s != stepProvider && s < stepOfficeHead }

// signIn walks from the front page to the tasks.
func (b *browser) signIn(provider, number string) {
	b.get(stepWelcome, "/", `name="csrf"`)
	b.submit(stepBegin, "/sign-in/"+provider)
	b.hop(stepProvider)
	b.follow(stepProvider, `name="request"`)
	b.submit(stepProvider, "/sign-in", "number", number)
	if b.err == nil && !strings.HasPrefix(b.location, b.portal) {
		b.hop(stepProvider)
	}
	b.hop(stepCallback)
	b.follow(stepTasks, signedIn)
}

// signedIn stands on every page of somebody who is.
const signedIn = `action="/sign-out"`

// journey is everything that is asked of an employee: course, check and
// acknowledgement, to the receipt.
func (b *browser) journey(provider, number string, known *answers) (took time.Duration, err error) {
	began := time.Now()
	b.signIn(provider, number)
	b.learn(known)
	b.practise(known)
	b.beChecked(known)
	b.acknowledge()
	return time.Since(began), b.err
}

const coursePath = "/courses/" + course

func (b *browser) learn(known *answers) {
	b.get(stepCourse, coursePath, signedIn)
	for i, id := range known.lessons {
		path := coursePath + "/lessons/" + id
		if i == 0 {
			b.get(stepLesson, path, signedIn)
		}
		b.submit(stepLessonDone, path)
		if i+1 < len(known.lessons) {
			b.follow(stepLesson, signedIn)
		}
	}
}

// practised is how many questions of a practice a reader looks at before the
// check.
const practised = 3

func (b *browser) practise(known *answers) {
	b.follow(stepCourse, signedIn)
	b.get(stepPractice, coursePath+"/practice", signedIn)
	b.submit(stepPracticeStart, coursePath+"/practice/start")
	for i := range practised {
		if i == 0 {
			b.follow(stepPractice, signedIn)
		} else {
			b.click(stepPractice, coursePath+"/practice?")
		}
		b.choose(stepPracticeAnswer, coursePath+"/practice", known)
		b.follow(stepFeedback, signedIn, `id="feedback"`)
	}
}

// choose answers the question of the page.
func (b *browser) choose(s step, action string, known *answers) {
	if b.err != nil {
		return
	}
	right, ok := known.on(b.body)
	if !ok {
		b.err = fmt.Errorf("%s: the page asks no question of the bank: %s", s, heading(b.body))
		return
	}
	var values []string
	for _, value := range right {
		values = append(values, optionField, value)
	}
	b.submit(s, action, values...)
}

// optionField is the name of the fields of a question's options.
const optionField = "options"

// questions is how many the check of the course draws.
const questions = 10

// beChecked sits the check and returns the path of the attempt.
func (b *browser) beChecked(known *answers) (attempt string) {
	attempt = b.startCheck()
	for range questions {
		b.follow(stepQuestion, signedIn)
		b.choose(stepAnswer, coursePath+"/check/", known)
	}
	b.follow(stepAnswers, signedIn)
	b.submit(stepSubmit, coursePath+"/check/")
	b.follow(stepResult, signedIn)
	return attempt
}

// startCheck goes as far as the first question, which the last answer leads to,
// and returns the path of the attempt.
func (b *browser) startCheck() (attempt string) {
	b.get(stepCheck, coursePath+"/check", signedIn)
	b.submit(stepCheckStart, coursePath+"/check")
	return strings.TrimSuffix(strings.TrimPrefix(b.location, b.portal), "/1")
}

const policyPath = "/policies/basic-policy"

func (b *browser) acknowledge() {
	b.get(stepPolicy, policyPath, `id="declaration"`)
	b.submit(stepAcknowledge, policyPath+"/acknowledgement")
	_, receipt, _ := strings.Cut(b.location, b.portal)
	b.follow(stepReceipt, `class="done"`)
	b.get(stepRecord, "/record", `href="`+receipt+`"`)
}
