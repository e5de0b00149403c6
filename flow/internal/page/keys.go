package page

import (
	"fmt"
	"html/template"
	"text/template/parse"

	"golang.org/x/text/feature/plural"
)

// checkKeys finds what a template says that is no message, or a message with
// too few arguments, where the template names it. Pages of the host are not
// executed before a user asks for them: without this, a misspelled key would
// fail there.
func (all messages) checkKeys(t *template.Template) error {
	var err error
	for _, defined := range t.Templates() {
		if defined.Tree != nil {
			commands(defined.Tree.Root, func(c *parse.CommandNode, piped int) {
				if err == nil {
					err = all.checkCommand(c, piped)
				}
			})
		}
	}
	return err
}

// checkCommand checks a command that begins with msg and a text. piped is the
// number of arguments that it gets from the command before.
func (all messages) checkCommand(c *parse.CommandNode, piped int) error {
	if name, ok := c.Args[0].(*parse.IdentifierNode); !ok || name.Ident != "msg" || len(c.Args) < 2 {
		return nil
	}
	key, ok := c.Args[1].(*parse.StringNode)
	if !ok {
		return nil
	}
	said, ok := all[key.Text]
	if !ok {
		return fmt.Errorf("there is no message %q", key.Text)
	}
	given := len(c.Args) - 2 + piped
	for _, piece := range said[plural.Other] {
		if piece.arg > given {
			return fmt.Errorf("the message %q is without its argument {%d}", key.Text, piece.arg)
		}
	}
	return nil
}

// commands calls found with every command in a node of a template.
func commands(node parse.Node, found func(c *parse.CommandNode, piped int)) {
	pipe := func(p *parse.PipeNode) {
		if p == nil {
			return
		}
		for i, c := range p.Cmds {
			found(c, min(i, 1))
			for _, arg := range c.Args {
				commands(arg, found)
			}
		}
	}
	branch := func(b *parse.BranchNode) {
		pipe(b.Pipe)
		commands(b.List, found)
		commands(b.ElseList, found)
	}
	switch n := node.(type) {
	case *parse.ListNode:
		if n != nil {
			for _, child := range n.Nodes {
				commands(child, found)
			}
		}
	case *parse.ActionNode:
		pipe(n.Pipe)
	case *parse.TemplateNode:
		pipe(n.Pipe)
	case *parse.PipeNode:
		pipe(n)
	case *parse.IfNode:
		branch(&n.BranchNode)
	case *parse.RangeNode:
		branch(&n.BranchNode)
	case *parse.WithNode:
		branch(&n.BranchNode)
	}
}
