package lsp
import ("testing";"context";"os";"time";"gobuild/buildout/profile";"gobuild/buildout/diag")
type op struct{}
func (op) Open(_ context.Context,n string,_ func(string)string)(*diag.Source,error){b,err:=os.ReadFile(n);if err!=nil{return nil,err};return diag.NewSource(n,b),nil}
func (op) Exists(n string)bool{_,e:=os.Stat(n);return e==nil}
func TestX(t *testing.T){
 for i:=0;i<5;i++{
 s:=time.Now()
 p,err:=profile.Load(context.Background(),profile.Config{Root:"/tmp/w/slapos/software/erp5/software.cfg",Dir:"/tmp",Open:op{},Dialect:"auto",Condition:func(string)(bool,error){return true,nil}})
 t.Log(time.Since(s),err,len(p.Sections),len(p.Files))
 s=time.Now()
 ev:=profile.Evaluator{Profile:p,Lenient:true}
 _,err=ev.Start(context.Background())
 for _,n:=range p.Names(){ev.Section(context.Background(),n,diag.Span{})}
 t.Log(time.Since(s),err)
 }
}
