# A guest of 512 bytes, to see whether a hypervisor runs guests: it enters protected mode, turns paging on, and ends its machine by QEMU's
# isa-debug-exit at port 0xf4, which makes QEMU's exit status 33 of the 16 written here.
  .code16
  .globl _start
_start:
  cli
  xorw %ax, %ax
  movw %ax, %ds
  lgdt descriptors
  movl %cr0, %eax
  orl $1, %eax
  movl %eax, %cr0
  ljmp $8, $protected
  .code32
protected:
  movw $16, %ax
  movw %ax, %ds
  movl $0x83, 0x1000 # the first 4 MiB, where they are
  movl $0x1000, %eax
  movl %eax, %cr3
  movl %cr4, %eax
  orl $0x10, %eax
  movl %eax, %cr4
  movl %cr0, %eax
  orl $0x80000000, %eax
  movl %eax, %cr0
  movb $16, %al
  outb %al, $0xf4
stopped:
  hlt
  jmp stopped
  .balign 8
table:
  .quad 0, 0x00cf9a000000ffff, 0x00cf92000000ffff
descriptors:
  .word 23
  .long table
  .org 510
  .word 0xaa55
