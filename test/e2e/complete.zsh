# Types a line and the Tab key in a shell that has read a script, and prints what the line is then.
#
# Use: zsh -f complete.zsh SCRIPT LINE
zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell "PS1='' RPS1=''; autoload -Uz compinit && compinit -D -u && source ${(q)1}"
# The line that is being typed: Ctrl-X ends the shell with it.
zpty -w shell 'show() { print -r -- "LINE=$BUFFER=ENDS"; exit }; zle -N show; bindkey "^X" show; print IT IS REA""DY'
zpty -r shell said '*IT IS READY*'
zpty -w -n shell "$2"$'\t\C-x'
zpty -r shell said '*=ENDS*'
zpty -d shell
print -r -- "${${said##*LINE=}%%=ENDS*}"
